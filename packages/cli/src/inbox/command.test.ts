import { describe, expect, it } from 'vitest'
import { kindeBilling } from '../../test/recording-terminal.js'

describe('incorrect calls', () => {
  const env = { DATABASE_URL: 'postgres://127.0.0.1:9/x' }

  it.each([
    [['list', '--status', 'lost'], env, 'Allowed choices are done, discarded, failed'],
    [['list', '--limit', '0'], env, 'Pass a whole number from 1 to 1000.'],
    [['list'], {}, 'DATABASE_URL is missing or not a Postgres URL.'],
    [['list'], { DATABASE_URL: 'mysql://x' }, 'DATABASE_URL is missing or not a Postgres URL.'],
    [['redeliver', '--failed'], env, "required option '--reason <text>' not specified"],
    [['redeliver', '--reason', 'x'], env, 'Pass event ids, or --failed.'],
    [['redeliver', 'event_1', '--failed', '--reason', 'x'], env, 'Pass event ids, or --failed.'],
    [['redeliver', 'event_1', '--since', '2026-01-01', '--reason', 'x'], env, '--since goes with --failed.'],
    [['show'], env, "missing required argument 'event-id'"],
    [['lits'], env, 'Did you mean list?'],
  ])('exits with 2: %j', async (args, environment, message) => {
    const { code, err, out } = await kindeBilling(['inbox', ...args], { env: environment })
    expect({ code, out }).toStrictEqual({ code: 2, out: '' })
    expect(err).toContain(message)
  })
})

describe('a database that does not answer', () => {
  it.each([['list'], ['show', 'event_1'], ['health'], ['redeliver', '--failed', '--reason', 'x']])(
    'exits with 1 and the cause, without the password: %s %s %s %s',
    async (...args) => {
      const env = { DATABASE_URL: 'postgres://user:hunter2secret@127.0.0.1:9/x' }
      const { code, err } = await kindeBilling(['inbox', ...args], { env })
      expect(code).toBe(1)
      expect(err).toContain('ECONNREFUSED')
      expect(err).not.toContain('hunter2secret')
    },
  )
})
