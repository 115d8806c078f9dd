export { billingActions } from './actions'
export { billingOf, type Customers, createCustomers } from './customers'
