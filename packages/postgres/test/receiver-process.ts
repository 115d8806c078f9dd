/** A receiver with an inbox on Postgres, in a process of its own. */

import { type ReceiverSettings, serveReceiver } from '@kinde-billing/test-support/receiver-server'
import { Pool } from 'pg'
import { createPostgresInbox } from '../src/index.js'

const settings: ReceiverSettings = JSON.parse(process.argv[2] ?? '')
// As an application has to: idle connections that break with the server must not end the process.
const pool = new Pool({ connectionString: settings.storeUrl, max: 10 }).on('error', () => {})

await serveReceiver(settings, createPostgresInbox({ pool }), (eventId, tx) =>
  tx.query('insert into effects values ($1)', [eventId]),
)
