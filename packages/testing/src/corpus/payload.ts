import { accept, type CaseDraft, reject, unsupported } from './case.js'
import { append, type Mint, prepend } from './mint.js'
import { joinBytes } from './rsa.js'

/** What the issuer signed is no claim set, or no event, or one that wants to do harm. */
export function payload(mint: Mint): CaseDraft[] {
  return [
    ...notAnObject(mint),
    ...envelope(mint),
    ...types(mint),
    ...duplicates(mint),
    ...prototypes(mint),
    ...depth(mint),
    ...size(mint),
    ...numbers(mint),
  ]
}

function notAnObject(mint: Mint): CaseDraft[] {
  const genuine = () => JSON.stringify(mint.claims())
  const utf8 = (text: string) => new TextEncoder().encode(text)
  const withBytes = (bytes: readonly number[]) => {
    const [before = '', after = ''] = append(mint.claims(), '"x":"|"').split('|')
    return joinBytes(utf8(before), bytes, utf8(after))
  }
  const grammar = 'RFC 8259, section 2: JSON and nothing else'
  const object = 'RFC 7519, section 7.2: a JSON object'
  const encoded = 'RFC 7519, section 7.2; RFC 8725, section 3.7: UTF-8'
  const payloads: [string, string, string | Uint8Array][] = [
    ['a word', grammar, 'hello'],
    ['a space', grammar, ' '],
    ['a NUL', grammar, '\u0000'],
    ['an empty array', object, '[]'],
    ['a genuine claim set in an array', object, `[${genuine()}]`],
    ['a genuine claim set in a JSON string', object, JSON.stringify(genuine())],
    ...['null', 'true', '0'].map((text): [string, string, string] => [text, object, text]),
    ['cut short', grammar, genuine().slice(0, -1)],
    ['two objects', grammar, genuine() + genuine()],
    ['a comma at the end', grammar, genuine().replace(/\}$/, ',}')],
    ['a comment', grammar, genuine().replace('{', '{/* */')],
    ['single quotes', grammar, genuine().replaceAll('"', "'")],
    ['names without quotes', grammar, genuine().replace('"data"', 'data')],
    ['a line end inside a string', grammar, append(mint.claims(), '"x":"\n"')],
    ['an escape that is none', grammar, append(mint.claims(), '"x":"\\x41"')],
    ['a NUL behind', grammar, `${genuine()}\u0000`],
    ['white space that JSON does not know', grammar, `\u00a0${genuine()}`],
    ...['NaN', 'Infinity', 'undefined', '0x10', '01', '+1', '.5', '1n'].map((value): [string, string, string] => [
      `the number ${value}`,
      'RFC 8259, section 6: no such number',
      append(mint.claims(), `"x":${value}`),
    ]),
    ['a byte order mark before', 'RFC 8259, section 8.1: no byte order mark', `\ufeff${genuine()}`],
    ['UTF-16', encoded, Uint8Array.from(Array.from(genuine()).flatMap((char) => [char.charCodeAt(0), 0]))],
    ['a byte that is not UTF-8', encoded, withBytes([0xff])],
    ['a character that is cut off', encoded, withBytes([0xe2, 0x82])],
    ['an overlong form of a quotation mark', `${encoded}; RFC 3629, section 3`, withBytes([0xc0, 0xa2])],
    ['a surrogate in UTF-8', `${encoded}; RFC 3629, section 3`, withBytes([0xed, 0xa0, 0x80])],
    ['a code point beyond Unicode', `${encoded}; RFC 3629, section 3`, withBytes([0xf4, 0x90, 0x80, 0x80])],
    [
      'bytes that are not UTF-8, in an event of another type',
      encoded,
      joinBytes(utf8('{"type":"user.created","x":"'), [0xff], utf8('"}')),
    ],
  ]
  return payloads.map(([what, reason, rawPayload]) =>
    reject('invalid_payload', `payload: ${what}`, reason, mint.token({ rawPayload })),
  )
}

/** Members that every event has. */
function envelope(mint: Mint): CaseDraft[] {
  const id = 'an event without a usable event_id cannot be told from its duplicates'
  const shape = 'an event has its data in an object'
  const hostileText = ['\u0000', 'event_1\nlevel=info', 'event_1\u2028', 'event_1\u0085', 'event_\ud800', '\ude00event']
  const values: [string, string, unknown][] = [
    ...[undefined, null, '', ' \t', 1, true, ['event_1'], { id: 'event_1' }, 'e'.repeat(257), ...hostileText].map(
      (value): [string, string, unknown] => ['event_id', id, value],
    ),
    ...[undefined, null, [], [{}], 'data', '{}', 0, true].map((value): [string, string, unknown] => [
      'data',
      shape,
      value,
    ]),
  ]
  const show = (value: unknown) => (value === undefined ? 'absent' : `${JSON.stringify(value)}`.slice(0, 40))
  return [
    reject('invalid_payload', 'payload: {}', 'the type is what makes it an event', mint.token({ rawPayload: '{}' })),
    reject(
      'invalid_payload',
      'payload: a type and nothing else',
      id,
      mint.token({ rawPayload: '{"type":"customer.plan_changed"}' }),
    ),
    ...values.map(([name, reason, value]) =>
      reject('invalid_payload', `${name} ${show(value)}`, reason, mint.token({ claims: { [name]: value } })),
    ),
    reject(
      'invalid_payload',
      'event one level down',
      'nothing is searched for: the envelope is where Kinde puts it',
      mint.token({ rawPayload: JSON.stringify({ event: mint.claims() }) }),
    ),
    reject(
      'invalid_payload',
      'EVENT_ID in the place of event_id',
      'RFC 7519, section 4; RFC 8259, section 8.3: names have case',
      mint.token({ claims: { event_id: undefined, EVENT_ID: 'event_1' } }),
    ),
  ]
}

function types(mint: Mint): CaseDraft[] {
  const text = 'a type is a non-blank string of at most 128 characters, fit to be logged'
  const exact =
    'RFC 8725, section 3.10: names are compared to the letter; what is not one of the eight is another event'
  const bad: unknown[] = [
    ...[
      undefined,
      null,
      '',
      ' ',
      8,
      true,
      ['customer.plan_changed'],
      { name: 'customer.plan_changed' },
      't'.repeat(129),
    ],
    ...['customer.plan_changed\u0000', 'customer.plan_changed\n', '\tcustomer.plan_changed', 'user\u2028', '\ud800'],
  ]
  const other = [
    ...[
      'Customer.Plan_Changed',
      ' customer.plan_changed',
      'customer.plan_changed ',
      'customer_plan_changed',
      'customer.plan-changed',
    ],
    ...[
      'plan_changed',
      'customer.plan_changed.v2',
      'customer.*',
      'ｃustomer.plan_changed',
      '\u0441ustomer.plan_changed',
    ],
    ...['customer.plan_changed\u200b', '__proto__', 'constructor', 'then', 'toString', 't'.repeat(128)],
  ]
  const show = (type: unknown) => (type === undefined ? 'absent' : `${JSON.stringify(type)}`.slice(0, 60))
  return [
    ...bad.map((type, index) =>
      reject('invalid_payload', `type ${show(type)}, ${index + 1}`, text, mint.token({ claims: { type } })),
    ),
    ...other.map((type) => unsupported(`type ${show(type)}`, exact, mint.token({ claims: { type } }))),
  ]
}

function duplicates(mint: Mint): CaseDraft[] {
  const reason = 'RFC 7519, section 4: of names that stand twice the last counts, as JSON.parse has it'
  const old = '"timestamp":"2020-01-01T00:00:00Z"'
  const signed = (rawPayload: string) => mint.token({ rawPayload })
  return [
    accept(
      'type twice, a billing trigger the second time',
      reason,
      signed(prepend('"type":"user.created"', mint.claims())),
    ),
    unsupported('type twice, another the second time', reason, signed(append(mint.claims(), '"type":"user.created"'))),
    unsupported(
      'type twice, the second time in escapes',
      `${reason}; RFC 8259, section 8.3: names are compared unescaped`,
      signed(append(mint.claims(), '"\\u0074ype":"user.created"')),
    ),
    accept(
      'event_id twice',
      reason,
      signed(prepend('"event_id":"event_00000000000000000000000000000000"', mint.claims())),
    ),
    accept('timestamp twice, fresh the second time', reason, signed(prepend(old, mint.claims()))),
    reject(
      'timestamp_out_of_range',
      'timestamp twice, old the second time',
      reason,
      signed(append(mint.claims(), old)),
    ),
    reject('invalid_payload', 'data twice, null the second time', reason, signed(append(mint.claims(), '"data":null'))),
    reject(
      'issuer_mismatch',
      'iss twice, ours the first time',
      reason,
      signed(append(mint.claims({ iss: mint.issuer }), '"iss":"https://attacker.example"')),
    ),
  ]
}

/** Nothing is merged, so none of these names is more than a name. */
function prototypes(mint: Mint): CaseDraft[] {
  const pollution =
    'CVE-2019-11358, CVE-2022-46175 and their kin: nothing is merged into a prototype, nor read from one'
  const inherit = (name: string) => {
    const { [name]: value, ...rest } = mint.claims()
    return append(rest, `"__proto__":{"${name}":${JSON.stringify(value)}}`)
  }
  const hostile = '{"type":"customer.payment_succeeded","isAdmin":true,"aud":["x"]}'
  const withData = (data: string) => append(mint.claims({ data: undefined }), `"data":${data}`)
  const signed = (rawPayload: string) => mint.token({ rawPayload })
  return [
    reject(
      'invalid_payload',
      'claims in __proto__',
      pollution,
      signed(`{"__proto__":${JSON.stringify(mint.claims())}}`),
    ),
    ...['type', 'event_id', 'timestamp', 'data'].map((name) =>
      reject('invalid_payload', `${name} in __proto__`, pollution, signed(inherit(name))),
    ),
    accept('__proto__ beside the claims', pollution, signed(append(mint.claims(), `"__proto__":${hostile}`))),
    accept('__proto__ that is null', pollution, signed(append(mint.claims(), '"__proto__":null'))),
    accept('__proto__ in data', pollution, signed(withData(`{"__proto__":${hostile},"customer_id":"customer_1"}`))),
    accept(
      '__proto__ in the plan',
      pollution,
      signed(withData('{"plan":{"__proto__":{"code":"enterprise"}},"customer_id":"customer_1"}')),
    ),
    accept(
      'constructor.prototype in data',
      pollution,
      signed(withData('{"constructor":{"prototype":{"isAdmin":true}},"customer_id":"customer_1"}')),
    ),
    accept(
      'claims named like methods',
      'RFC 7519, section 4: names of claims are free; a then does not make a promise, nor a toJSON a copy',
      signed(
        append(
          mint.claims(),
          '"then":"x","toJSON":1,"hasOwnProperty":null,"valueOf":{},"toString":[],"constructor":"x"',
        ),
      ),
    ),
    accept(
      'event_id __proto__',
      'an id is a name to compare, never a property to look up',
      mint.token({ claims: { event_id: '__proto__' } }),
    ),
  ]
}

/** Raw text, since what builds the nesting by recursion would be the first to fail. */
function depth(mint: Mint): CaseDraft[] {
  const reason = 'RFC 8259, section 9: a parser may set limits; CVE-2020-36518 and its kin: deep nesting ends a stack'
  const brackets = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
  const objects = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
  const inData = (value: string) =>
    mint.token({ rawPayload: append(mint.claims({ data: undefined }), `"data":{"x":${value}}`) })
  const beside = (value: string) => mint.token({ rawPayload: append(mint.claims(), `"x":${value}`) })
  return [
    reject('invalid_payload', '50,000 brackets in data', reason, inData(brackets(50_000))),
    reject('invalid_payload', '50,000 brackets, none closed', reason, beside('['.repeat(50_000))),
    reject('invalid_payload', '50,000 objects in a claim', reason, beside(objects(50_000))),
    reject('invalid_payload', '65 levels: arrays in data', reason, inData(brackets(63))),
    reject('invalid_payload', '65 levels: objects in an unknown claim', reason, beside(objects(64))),
    reject(
      'invalid_payload',
      '65 levels in an event of another type',
      reason,
      mint.token({ rawPayload: `{"type":"user.created","x":${brackets(64)}}` }),
    ),
    accept('64 levels: arrays in data', reason, inData(brackets(62))),
    accept('64 levels: objects in an unknown claim', reason, beside(objects(63))),
    accept('1,000 arrays side by side', `${reason}: depth is not their number`, beside(`[${'[],'.repeat(999)}[]]`)),
    accept(
      '1,000 brackets in a string',
      `${reason}: those of a string do not count`,
      beside(JSON.stringify(`\\"${'['.repeat(1_000)}`)),
    ),
  ]
}

function size(mint: Mint): CaseDraft[] {
  const limit = 'tokens of up to 1 MiB are taken, the line end counted; more is refused unread'
  const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`key${index}`, index]))
  return [
    accept('token of exactly 1 MiB', limit, tokenOfLength(mint, 2 ** 20)),
    reject('payload_too_large', 'token of 1 MiB and a byte', limit, tokenOfLength(mint, 2 ** 20 + 1)),
    reject(
      'payload_too_large',
      'token of 1 MiB and a line end',
      limit,
      tokenOfLength(mint, 2 ** 20).then((token) => `${token}\n`),
    ),
    reject(
      'payload_too_large',
      'string of 1 MiB in data',
      limit,
      mint.token({ claims: { data: { note: 'x'.repeat(2 ** 20) } } }),
    ),
    reject('payload_too_large', '2 MiB of nothing', limit, '\u0000'.repeat(2 ** 21)),
    accept('20,000 keys in data', 'size has one limit', mint.token({ claims: { data: many } })),
    accept('20,000 unknown claims', 'size has one limit', mint.token({ claims: many })),
    accept(
      '700 kB of text in data',
      'size has one limit',
      mint.token({ claims: { data: { customer_id: 'customer_1', note: 'é'.repeat(350_000) } } }),
    ),
  ]
}

/** A genuine token of this many characters. Some lengths need another header, as no bytes have an encoding for them. */
async function tokenOfLength(mint: Mint, length: number): Promise<string> {
  const claims = mint.claims()
  const build = (headerPad: number, note: number) =>
    mint.token({
      header: { pad: 'x'.repeat(headerPad) },
      rawPayload: JSON.stringify({ ...claims, note: 'x'.repeat(note) }),
    })
  for (let headerPad = 0; ; headerPad++) {
    const missing = length - (await build(headerPad, 0)).length
    for (const note of [-1, 0, 1].map((by) => Math.floor((missing * 3) / 4) + by)) {
      const token = await build(headerPad, note)
      if (token.length === length) return token
    }
  }
}

function numbers(mint: Mint): CaseDraft[] {
  const reason = 'RFC 8259, section 6: a number may be larger than a double holds, and data is handed over as it is'
  const inData = (value: string) =>
    mint.token({
      rawPayload: append(
        mint.claims({ type: 'customer.meter_usage_updated', data: undefined }),
        `"data":{"customer_id":"customer_1","quantity":${value}}`,
      ),
    })
  return [
    ...['1e400', '-1e400', '-0', '9007199254740993', '1e-400', '0.1e1'].map((value) =>
      accept(`quantity ${value}`, reason, inData(value)),
    ),
    accept('1e400 in an unknown claim', reason, mint.token({ rawPayload: append(mint.claims(), '"x":1e400') })),
  ]
}
