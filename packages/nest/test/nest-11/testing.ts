export * from '@nestjs/testing'
