import { findReceivingSnippets, itReceives } from '@kinde-billing/test-support/snippets/deliveries'

itReceives(findReceivingSnippets({ withStore: false }))
