import { describeInbox } from '@kinde-billing/testing/inbox-contract'
import { startWorkers } from './workers-runtime.js'

describeInbox('a Durable Object inbox on workerd', async () => {
  const runtime = await startWorkers()
  return { inbox: runtime.inbox(), other: runtime.inbox(), close: runtime.close }
})
