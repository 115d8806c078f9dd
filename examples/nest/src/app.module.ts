import { type Customers, listCustomers } from '@kinde-billing/example-billing-actions'
import { KindeBillingModule } from '@kinde-billing/nest'
import { Controller, Get, Inject, Module } from '@nestjs/common'
import { BillingHandlers, CUSTOMERS } from './billing.handlers.js'

/** Shows the effects of the events: leave it out of your application. */
@Controller('customers')
export class CustomersController {
  constructor(@Inject(CUSTOMERS) private readonly customers: Customers) {}

  @Get()
  list() {
    return listCustomers(this.customers)
  }
}

@Module({
  // the issuer is KINDE_ISSUER_URL of the environment
  imports: [KindeBillingModule.forRoot({ path: '/webhooks/kinde' })],
  controllers: [CustomersController],
  providers: [BillingHandlers, { provide: CUSTOMERS, useValue: new Map() }],
})
export class AppModule {}
