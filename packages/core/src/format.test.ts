import { describe, expect, it } from 'vitest'
import { errorMessage, escapeText, format, stackFrames } from './format.js'

describe('format', () => {
  it.each([
    { value: 'plain', text: '"plain"' },
    { value: 'a "b"\n\u001b[31m', text: '"a \\"b\\"\\n\\u001b[31m"' },
    { value: 'a\\"b', text: '"a\\\\\\"b"' },
    { value: '\u007f\u0085é\u202e\u2028', text: '"\\u007f\\u0085\\u00e9\\u202e\\u2028"' },
    { value: '\ud800', text: '"\\ud800"' },
    { value: 'x'.repeat(12), text: '"xxxxxxxxxxxx"' },
    { value: 'x'.repeat(13), text: '"xxxxxxxxxxxx..."' },
    { value: 1.5, text: '1.5' },
    { value: Number.NaN, text: 'NaN' },
    { value: null, text: 'null' },
    { value: undefined, text: 'undefined' },
    { value: true, text: 'true' },
    { value: ['secret'], text: 'an array' },
    { value: { secret: 1 }, text: 'an object' },
    { value: () => 'secret', text: 'a function' },
    { value: 10n, text: 'a bigint' },
  ])('writes $text', ({ value, text }) => {
    expect(format(value, 12)).toBe(text)
  })
})

describe('escapeText', () => {
  it('escapes everything but printable ASCII, and backslashes', () => {
    expect(escapeText('relation "a" is\n\\gone\u2028', 100)).toBe('relation "a" is\\n\\\\gone\\u2028')
  })
})

class Redirect {
  readonly status = 302
}

describe('errorMessage', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' })

  it.each<{ name: string; error: unknown; message: string }>([
    { name: 'an error', error: new Error('a\nb'), message: 'a\\nb' },
    { name: 'an error without a message', error: new TypeError(), message: 'TypeError' },
    { name: 'a string', error: 'gone', message: 'gone' },
    { name: 'undefined', error: undefined, message: 'undefined' },
    {
      name: 'nested causes',
      error: new Error('fetch failed', { cause: new Error('tls', { cause: 'expired' }) }),
      message: 'fetch failed (tls; expired)',
    },
    {
      name: 'an aggregate without a message, as Node has for refused connections',
      error: new TypeError('fetch failed', {
        cause: Object.assign(new AggregateError([new Error('connect ::1'), refused], ''), { code: 'ECONNREFUSED' }),
      }),
      message: 'fetch failed (ECONNREFUSED; connect ::1; connect ECONNREFUSED 127.0.0.1:5432)',
    },
    {
      name: 'aggregated errors before the cause',
      error: new AggregateError([new Error('first'), new Error('second')], 'all', { cause: new Error('down') }),
      message: 'all (first; second; down)',
    },
    {
      name: 'a repeated message once',
      error: new Error('The store failed: down', { cause: new Error('down') }),
      message: 'The store failed: down',
    },
    {
      name: 'the query of Drizzle without its parameters',
      error: new Error('Failed query: insert into "users" values ($1)\nparams: ada@example.com', { cause: refused }),
      message: 'Failed query: insert into "users" values ($1) (connect ECONNREFUSED 127.0.0.1:5432)',
    },
    {
      name: 'the query of Drizzle as a cause',
      error: new Error('The inbox failed', { cause: new Error('Failed query: begin\nparams: ') }),
      message: 'The inbox failed (Failed query: begin)',
    },
    {
      name: 'the message of an object, as clients of an API reject with it',
      error: { message: 'duplicate key', code: '23505', details: 'Key (email)=(ada@example.com)', cause: refused },
      message: 'duplicate key (connect ECONNREFUSED 127.0.0.1:5432)',
    },
    {
      name: 'the kind and status of what a framework throws',
      error: new Redirect(),
      message: 'a thrown Redirect with status 302',
    },
    { name: 'the kind of any other object', error: { email: 'ada@example.com' }, message: 'a thrown Object' },
    { name: 'a function without its source', error: () => 'ada@example.com', message: 'a function' },
  ])('writes $name', ({ error, message }) => {
    expect(errorMessage(error)).toBe(message)
  })

  it("writes the driver's message of Knex, without the query and its values", () => {
    const message = `insert into "users" values ('ada@example.com - x') - duplicate key value`
    expect(errorMessage(Object.assign(new Error(message), { code: '23505' }))).toBe('duplicate key value')
    expect(errorMessage(new Error('select a plan - there is none'))).toBe('select a plan - there is none')
  })

  it.each([
    {
      name: 'MikroORM',
      message: `/* jobs */ insert into "u" values ('ada@example.com') - duplicate key value`,
      code: '23505',
      written: 'duplicate key value',
    },
    {
      name: 'a procedure',
      message: `call add_user('ada@example.com') - no such user`,
      code: 'P0001',
      written: 'no such user',
    },
    {
      name: 'Prisma, whose arguments are wrong',
      message:
        '\nInvalid `prisma.user.create()` invocation:\n\n{\n  email: "ada@example.com"\n}\n\nUnknown argument `emial`.',
      written: 'Invalid `prisma.user.create()` invocation: Unknown argument `emial`.',
    },
    {
      name: 'Prisma, which shows the code',
      message:
        '\nInvalid `prisma.user.create()` invocation in\na.ts:1:2\n\n→ 5 create("ada@example.com"\nFailed on (`email`)\n',
      code: 'P2002',
      written: 'Invalid `prisma.user.create()` invocation: Failed on (`email`)',
    },
    {
      name: 'a value that Postgres cannot read',
      message: 'invalid input syntax for type integer: "ada@"x".com"',
      code: '22P02',
      written: 'invalid input syntax for type integer: "..."',
    },
    {
      name: "Postgres's detail",
      message: 'Unique constraint: Key (lower(email), name)=(ada@example.com, Ada (CEO)) already exists.',
      written: 'Unique constraint: Key (lower(email), name)=... already exists.',
    },
    {
      name: 'MySQL',
      message: "Duplicate entry 'ada@example.com' for key 'users.email'",
      code: 'ER_DUP_ENTRY',
      written: "Duplicate entry ... for key 'users.email'",
    },
    {
      name: 'MongoDB',
      message: 'E11000 duplicate key error collection: db.users index: email_1 dup key: { email: "ada@example.com" }',
      code: 11000,
      written: 'E11000 duplicate key error collection: db.users index: email_1 dup key: ...',
    },
    {
      name: 'SQL Server',
      message: "Violation of UNIQUE KEY constraint 'u'. The duplicate key value is (ada@example.com).",
      code: 'EREQUEST',
      written: "Violation of UNIQUE KEY constraint 'u'. The duplicate key value is ....",
    },
  ])('leaves out the values of $name', ({ message, code, written }) => {
    expect(errorMessage(Object.assign(new Error(message), { code }))).toBe(written)
  })

  it('takes no time for a message of many comments', () => {
    // a pattern that could split them in more than one way would try each
    const message = `${'/**/'.repeat(1000)}x`
    expect(errorMessage(Object.assign(new Error(message), { code: 'P0001' }), 10)).toBe('/**//**//*...')
  })

  it('writes both errors of one that was suppressed while resources were disposed of', () => {
    const error = Object.assign(new Error('An error was suppressed'), {
      error: new Error('close failed'),
      suppressed: new Error('write failed'),
    })
    expect(errorMessage(error)).toBe('An error was suppressed (close failed; write failed)')
  })

  it('writes the causes of an error of another realm', async () => {
    const { runInNewContext } = await import('node:vm')
    const error = runInNewContext("new TypeError('fetch failed', { cause: new Error('expired') })")
    expect(error).not.toBeInstanceOf(Error)
    expect(errorMessage(error)).toBe('fetch failed (expired)')
    expect(stackFrames(error)).toMatch(/^ {4}at /)
  })

  it('writes each error of a cycle once', () => {
    const [first, second] = [new Error('first'), new Error('second')]
    first.cause = second
    second.cause = first
    expect(errorMessage(first)).toBe('first (second)')
    expect(errorMessage(Object.assign(new AggregateError([first], 'all'), { cause: first }))).toBe(
      'all (first; second)',
    )
  })

  it('is bounded in length, in depth and in breadth', () => {
    const deep = Array.from({ length: 1000 }, (_, index) => `${index}.`).reduce<Error | undefined>(
      (cause, message) => new Error(message, { cause }),
      undefined,
    )
    expect(errorMessage(deep)).toBe('999. (998.; 997.; 996.; 995.; 994.)')
    const wide = new AggregateError(
      Array.from({ length: 1000 }, (_, index) => new Error(`${index}.`)),
      'wide',
    )
    expect(errorMessage(wide)).toBe('wide (0.; 1.; 2.; 3.; 4.)')
    const repeated = Array.from({ length: 50_000 }).reduce<Error>(
      (cause) => new Error('again', { cause }),
      new Error('again'),
    )
    expect(errorMessage(repeated)).toBe('again')
    expect(errorMessage(new AggregateError(Array(50_000).fill(repeated), 'wide'))).toBe('wide (again)')
    const long = new Error('x'.repeat(5000), { cause: 'y'.repeat(5000) })
    expect(errorMessage(long, 10)).toBe(`${'x'.repeat(10)}... (${'y'.repeat(10)}...)`)
    expect(errorMessage(long).length).toBeLessThan(1300)
  })

  const fail = () => {
    throw new Error('hostile')
  }
  it.each<{ name: string; error: unknown; message: string }>([
    { name: 'a value without toString', error: { toString: null }, message: 'unknown error' },
    { name: 'a value whose toString throws', error: { toString: fail }, message: 'unknown error' },
    { name: 'an object without a prototype', error: Object.create(null), message: 'unknown error' },
    { name: 'a symbol', error: Symbol('x'), message: 'Symbol(x)' },
    {
      name: 'a message that throws',
      error: Object.defineProperty(new Error('x'), 'message', { get: fail }),
      message: 'unknown error',
    },
    {
      name: 'a message that is no text',
      error: Object.assign(new Error('x'), { message: {} }),
      message: 'unknown error',
    },
    { name: 'a cause that throws', error: Object.defineProperty(new Error('x'), 'cause', { get: fail }), message: 'x' },
    {
      name: 'aggregated errors that throw',
      error: Object.defineProperty(new AggregateError([], 'x'), 'errors', { get: fail }),
      message: 'x',
    },
    {
      name: 'a proxy',
      error: new Proxy(new Error('x'), { get: fail, getPrototypeOf: fail }),
      message: 'unknown error',
    },
  ])('survives $name', ({ error, message }) => {
    expect(errorMessage(error)).toBe(message)
    expect(errorMessage(new Error('outer', { cause: error }))).toMatch(/^outer( \(.*\))?$/)
    expect(stackFrames(error)).toEqual(expect.any(String))
  })
})

describe('stackFrames', () => {
  it('leaves the message out, and escapes the rest', () => {
    const error = new Error('x')
    error.stack =
      'Error: Failed query\nparams: ada@example.com\n    at run (file:///app/\u001b[31m.js:1:2)\n    at node:x'
    expect(stackFrames(error)).toBe('    at run (file:///app/\\u001b[31m.js:1:2)\n    at node:x')
  })

  it('leaves out lines of the message that look like frames', () => {
    expect(stackFrames(new Error('bad value\n    at ada@example.com'))).not.toContain('ada')
  })

  it('is bounded', () => {
    const error = new Error('x')
    error.stack = Array.from({ length: 100 }, () => `    at ${'x'.repeat(1000)}`).join('\n')
    expect(stackFrames(error).split('\n')).toHaveLength(20)
    expect(stackFrames(error).length).toBeLessThan(6200)
  })

  it.each([undefined, 'x', Object.assign(new Error('x'), { stack: undefined })])(
    'is empty without a stack (%#)',
    (error) => {
      expect(stackFrames(error)).toBe('')
    },
  )
})
