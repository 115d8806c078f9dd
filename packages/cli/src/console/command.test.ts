import { describe, expect, it } from 'vitest'
import { kindeBilling } from '../../test/recording-terminal.js'

describe('kinde-billing console', () => {
  it.each([
    [[], {}, 'DATABASE_URL is missing or not a Postgres URL.'],
    [['--port', '70000'], {}, 'Pass a whole number from 0 to 65535.'],
    [['--allow-action'], {}, 'Did you mean --allow-actions?'],
  ])('exits with 2 when it is called incorrectly: %j', async (args, env, message) => {
    const { code, err, out } = await kindeBilling(['console', ...args], { env })
    expect({ code, out }).toStrictEqual({ code: 2, out: '' })
    expect(err).toContain(message)
  })

  it('exits with 1 and the cause if the database does not answer, without the password', async () => {
    const env = { DATABASE_URL: 'postgres://user:hunter2secret@127.0.0.1:9/x' }
    const { code, err } = await kindeBilling(['console', '--port', '0'], { env })
    expect(code).toBe(1)
    expect(err).toContain('ECONNREFUSED')
    expect(err).not.toContain('hunter2secret')
  })
})
