/** A receiver with a ledger on Postgres, in a process of its own. */
import { Pool } from 'pg'
import { type ReceiverSettings, serveReceiver } from '../../../test/stores/receiver-server.js'
import { createPostgresLedger } from '../src/index.js'

const settings: ReceiverSettings = JSON.parse(process.argv[2] ?? '')
const pool = new Pool({ connectionString: settings.storeUrl, max: 10 })

await serveReceiver(settings, createPostgresLedger({ pool }), (eventId, scope) =>
  scope.query('insert into effects values ($1)', [eventId]),
)
