import { join } from 'node:path'
import { createApplication } from './application.js'

const { DATABASE_URL, DATA_FOLDER, KINDE_ISSUER_URL, HOST = 'localhost', PORT } = process.env

console.log('Starting. The first start makes a database, and takes some seconds.')
const { app, prepare } = await createApplication({
  databaseUrl: DATABASE_URL,
  dataFolder: DATA_FOLDER ?? join(import.meta.dirname, '../.data/postgres'),
  issuer: KINDE_ISSUER_URL,
})
process.once('SIGTERM', () => app.close()).once('SIGINT', () => app.close())

const url = PORT === undefined ? await listen(4400).catch(() => listen(0)) : await listen(Number(PORT))
await prepare()
console.log(`Open ${url}`)

function listen(port: number): Promise<string> {
  return app.listen({ port, host: HOST })
}
