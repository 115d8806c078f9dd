import { KindeBillingModule } from '@kinde-billing/nest'
import { Controller, Get, Headers, HttpException, Inject, Module } from '@nestjs/common'
import { BillingHandlers } from './billing.handlers.js'
import { Customers } from './customers.js'

@Controller()
export class CustomersController {
  constructor(@Inject(Customers) private readonly customers: Customers) {}

  /** Lets in whose organization pays. In your application, a guard reads the organization of the session. */
  @Get('projects')
  projects(@Headers('x-example-org') orgCode: string | undefined) {
    const billing = this.customers.billingOf(orgCode)
    if (!billing.hasAccess) throw new HttpException({ error: billing.reason.text }, 402)
    return { projects: [] }
  }

  /** Shows the effects of the events: leave it out of your application. */
  @Get('customers')
  list() {
    return this.customers.list()
  }
}

@Module({
  // the issuer is KINDE_ISSUER_URL of the environment
  imports: [KindeBillingModule.forRoot({ path: '/webhooks/kinde' })],
  controllers: [CustomersController],
  providers: [BillingHandlers, Customers],
})
export class AppModule {}
