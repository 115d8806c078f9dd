/** The query parameters of each operation, as Kinde's document lists them: `true` for required ones. */
export const QUERY_PARAMETERS = {
  getUsers: {
    page_size: false,
    user_id: false,
    next_token: false,
    email: false,
    username: false,
    phone: false,
    expand: false,
    has_organization: false,
    active_since: false,
  },
  getUserData: { id: true, expand: false },
  getOrganizations: { sort: false, page_size: false, next_token: false },
  getOrganization: { code: true, expand: false },
  getBillingAgreements: {
    page_size: false,
    starting_after: false,
    ending_before: false,
    customer_id: true,
    feature_code: false,
  },
  getBillingEntitlements: {
    page_size: false,
    starting_after: false,
    ending_before: false,
    customer_id: true,
    max_value: false,
    expand: false,
  },
} as const

/** The members of each request body, as Kinde's document lists them. A question mark marks optional ones. */
export const BODY_MEMBERS = {
  CreateWebHook: { endpoint: 'string', event_types: 'strings', name: 'string', description: 'string?' },
  UpdateWebHook: { event_types: 'strings?', name: 'string?', description: 'string?' },
  createMeterUsageRecord: {
    customer_agreement_id: 'string',
    billing_feature_code: 'string',
    meter_value: 'string',
    meter_usage_timestamp: 'string?',
    meter_type_code: 'string?',
  },
} as const
