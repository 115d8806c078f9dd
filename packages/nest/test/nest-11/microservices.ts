export * from '@nestjs/microservices'
