import { join } from 'node:path'
import { serve } from '@hono/node-server'
import { createApplication } from './application.js'

/** A setting without the white space that secret managers and files add. An empty one counts as missing. */
const read = (name: string): string | undefined => process.env[name]?.trim() || undefined

const [DATABASE_URL, KINDE_ISSUER_URL, HOST = 'localhost'] = ['DATABASE_URL', 'KINDE_ISSUER_URL', 'HOST'].map(read)
if (DATABASE_URL && !/^postgres(ql)?:/.test(DATABASE_URL))
  throw new Error('DATABASE_URL is not a Postgres URL: set it to one without quotes, or leave it out.')

console.log(DATABASE_URL ? 'Connecting to Postgres …' : 'Starting Postgres inside this process (PGlite) …')
const { app, prepare, close } = await createApplication({
  databaseUrl: DATABASE_URL,
  dataFolder: read('DATA_FOLDER') ?? join(import.meta.dirname, '../.data/postgres'),
  issuer: KINDE_ISSUER_URL,
  password: read('APP_PASSWORD'),
})
const server = serve({ fetch: app.fetch, hostname: HOST, port: Number(read('PORT') ?? 4400) }, async ({ port }) => {
  const url = `http://${HOST}:${port}`
  console.log(KINDE_ISSUER_URL ? `Receiving webhooks of ${KINDE_ISSUER_URL} …` : 'Delivering the first customers …')
  await prepare(url)
  console.log(`Open ${url}\nThe console for operators: ${url}/billing`)
})
server.on('error', ({ message }) => {
  console.error(`Cannot listen: ${message}. Set PORT to a free port.`)
  process.exit(1)
})

for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, async () => {
    // Live updates hold their connections open.
    if ('closeAllConnections' in server) server.closeAllConnections()
    server.close()
    await close()
    process.exit()
  })
