import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { Miniflare } from 'miniflare'

const { KINDE_ISSUER_URL, PORT = '3000' } = process.env
if (!KINDE_ISSUER_URL) throw new Error('Set KINDE_ISSUER_URL to your Kinde domain, such as https://acme.kinde.com.')

const bundle = await build({
  entryPoints: [fileURLToPath(new URL('worker.ts', import.meta.url))],
  bundle: true,
  format: 'esm',
  target: 'es2022',
  conditions: ['workerd', 'worker'],
  write: false,
})

const worker = new Miniflare({
  modules: true,
  script: bundle.outputFiles.map(({ text }) => text).join(''),
  compatibilityDate: '2026-04-01',
  bindings: { KINDE_ISSUER_URL },
  durableObjects: { KINDE_BILLING_INBOX: { className: 'KindeBillingInbox', useSQLite: true } },
  port: Number(PORT),
})
await worker.ready
console.log(`Listening: POST http://localhost:${PORT}/webhooks/kinde`)
