import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { KindeWebhookError, type KindeWebhookErrorCode, type NoSchemas } from '../packages/core/src/index.js'
import { type BillingWarning, docsUrl } from '../packages/core/src/log.js'
import { type Result, toResponse } from '../packages/core/src/receiver/response.js'

const page = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8').replaceAll(/ +/g, ' ')

/** Every code: the type requires all of them. */
const CODES: Record<KindeWebhookErrorCode, true> = {
  invalid_configuration: true,
  body_already_parsed: true,
  schema_mismatch: true,
  method_not_allowed: true,
  unsupported_media_type: true,
  payload_too_large: true,
  body_unreadable: true,
  request_timeout: true,
  malformed_token: true,
  unsupported_algorithm: true,
  unknown_key: true,
  invalid_signature: true,
  token_not_current: true,
  issuer_mismatch: true,
  not_a_webhook: true,
  invalid_payload: true,
  timestamp_out_of_range: true,
  unsupported_event: true,
  receiver_overloaded: true,
  keys_unavailable: true,
  inbox_unavailable: true,
  delivery_in_progress: true,
  handler_failed: true,
  handler_timeout: true,
  internal_error: true,
}

interface Case {
  readonly name: string
  readonly result: Result<NoSchemas>
}

const cases: Case[] = [
  ...(['processed', 'duplicate', 'ignored', 'discarded'] as const).map((outcome) => ({
    name: outcome,
    result: { outcome },
  })),
  ...(Object.keys(CODES) as KindeWebhookErrorCode[]).map((code) => {
    const error = new KindeWebhookError(code, '')
    return { name: code, result: { outcome: code === 'unsupported_event' ? 'unsupported' : code, error } as const }
  }),
]

it.each(cases)('docs/errors.md has the response to $name', ({ name, result }) => {
  const { status, headers, body } = toResponse(result)
  const header = headers['allow'] ? ', `allow: POST`' : headers['retry-after'] ? ', `retry-after`' : ''
  expect(page).toContain(`| [\`${name}\`](#${name}) | ${status}${header} | \`${body}\` |`)
})

const WARNINGS: Record<BillingWarning['code'], true> = {
  stale_keys: true,
  customer_not_found: true,
  inbox_entry_evicted: true,
  handler_finished_late: true,
}

it.each([...cases.map(({ name }) => name), ...Object.keys(WARNINGS)])(
  'docs/errors.md explains %s under the anchor that the log links to',
  (code) => {
    const [, section = ''] = page.split(`\n### ${code}\n`)
    expect(section.split('\n#')[0]?.trim().length).toBeGreaterThan(20)
    expect(docsUrl(code)).toMatch(new RegExp(`/errors#${code}$`))
  },
)
