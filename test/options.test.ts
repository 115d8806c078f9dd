import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { BillingReceiverOptions } from '../packages/core/src/receiver/index.js'

const page = readFileSync(new URL('../docs/options.md', import.meta.url), 'utf8')

/** Every option: the type requires all of them. */
const OPTIONS: Record<keyof BillingReceiverOptions, true> = {
  issuer: true,
  jwksUri: true,
  jwks: true,
  keys: true,
  replayWindowMs: true,
  clockToleranceMs: true,
  maxTokenBytes: true,
  dataSchemas: true,
  onWarning: true,
  fetch: true,
  now: true,
  on: true,
  onEvent: true,
  onOtherEvent: true,
  onOutcome: true,
  log: true,
  inbox: true,
  name: true,
  retentionMs: true,
  bodyTimeoutMs: true,
  handlerTimeoutMs: true,
  inboxTimeoutMs: true,
}

it.each(Object.keys(OPTIONS))('docs/options.md has a row with %s', (option) => {
  expect(page).toMatch(new RegExp(`^\\| [^|]*\`${option}\`[^|]*\\|`, 'm'))
})
