export * from '@nestjs/common'
