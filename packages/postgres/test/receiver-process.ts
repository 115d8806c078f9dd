/** A receiver with an inbox on Postgres, in a process of its own. */

import { type ReceiverSettings, serveReceiver } from '@kinde-billing/test-support/receiver-server'
import { Pool } from 'pg'
import { createPostgresInbox } from '../src/index.js'

const settings: ReceiverSettings = JSON.parse(process.argv[2] ?? '')
const pool = new Pool({ connectionString: settings.storeUrl, max: 10 })

await serveReceiver(settings, createPostgresInbox({ pool }), (eventId, tx) =>
  tx.query('insert into effects values ($1)', [eventId]),
)
