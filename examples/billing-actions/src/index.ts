export { billingActions } from './actions'
export { type Customers, listCustomers } from './customers'
