import { accept, acceptEach, type CaseDraft, reject, rejectEach, unsupported } from './case.js'
import { envelope } from './envelope.js'
import { append, type Mint, prepend } from './mint.js'
import { joinBytes } from './rsa.js'

const CODE = 'invalid_payload'

/** Signed by the issuer, but not a claim set, not an event, or a hostile one. */
export function payload(mint: Mint): CaseDraft[] {
  return [
    ...notAnObject(mint),
    ...notUtf8(mint),
    ...envelope(mint),
    ...duplicates(mint),
    ...prototypes(mint),
    ...depth(mint),
    ...size(mint),
    ...numbers(mint),
  ]
}

const signed =
  (mint: Mint) =>
  (rawPayload: string | Uint8Array): Promise<string> =>
    mint.token({ rawPayload })

function notAnObject(mint: Mint): CaseDraft[] {
  const genuine = () => JSON.stringify(mint.claims())
  const payloads = {
    'payload a word': 'hello',
    'payload an empty list': '[]',
    'payload null': 'null',
    'payload a number': '0',
    'payload a claim set in a list': `[${genuine()}]`,
    'payload a claim set in a string': JSON.stringify(genuine()),
    'payload cut short': genuine().slice(0, -1),
    'payload of two objects': genuine() + genuine(),
    'payload with a comma at the end': genuine().replace(/\}$/, ',}'),
    'payload with a comment': genuine().replace('{', '{/* */'),
    'payload with a line end inside a string': append(mint.claims(), '"x":"\n"'),
    'payload with NaN': append(mint.claims(), '"x":NaN'),
    'payload with a number that begins with 0': append(mint.claims(), '"x":01'),
    'payload behind a byte order mark (section 8.1)': `\ufeff${genuine()}`,
  }
  return rejectEach(CODE, 'RFC 7519, section 7.2; RFC 8259, section 2: a JSON object', payloads, signed(mint))
}

function notUtf8(mint: Mint): CaseDraft[] {
  const bytesOf = (text: string) => new TextEncoder().encode(text)
  const within = (object: object, ...bytes: number[]) => {
    const [before = '', after = ''] = append(object, '"x":"|"').split('|')
    return joinBytes(bytesOf(before), bytes, bytesOf(after))
  }
  const utf16 = Array.from(JSON.stringify(mint.claims()), (char) => [char.charCodeAt(0), 0]).flat()
  const payloads = {
    'payload with a byte that is not UTF-8': within(mint.claims(), 0xff),
    'payload with a character that is cut off': within(mint.claims(), 0xe2, 0x82),
    'payload with an overlong quotation mark': within(mint.claims(), 0xc0, 0xa2),
    'payload with a surrogate in UTF-8': within(mint.claims(), 0xed, 0xa0, 0x80),
    'payload with a code point beyond Unicode': within(mint.claims(), 0xf4, 0x90, 0x80, 0x80),
    'payload in UTF-16': Uint8Array.from(utf16),
    'payload of another type, with a byte that is not UTF-8': within({ type: 'user.created' }, 0xff),
  }
  return rejectEach(CODE, 'RFC 7519, section 7.2; RFC 3629, section 3: UTF-8, nothing repaired', payloads, signed(mint))
}

function duplicates(mint: Mint): CaseDraft[] {
  const reason = 'RFC 7519, section 4: of names that stand twice the last counts, as JSON.parse has it'
  const old = '"timestamp":"2020-01-01T00:00:00Z"'
  const first = {
    'type twice, another the first time': '"type":"user.created"',
    'event_id twice': '"event_id":"event_00000000000000000000000000000000"',
    'timestamp twice, old the first time': old,
  }
  const foreign = append(mint.claims({ iss: mint.issuer }), '"iss":"https://attacker.example"')
  return [
    ...acceptEach(reason, first, (members) => signed(mint)(prepend(members, mint.claims()))),
    unsupported(
      'type twice, another the second time',
      reason,
      signed(mint)(append(mint.claims(), first['type twice, another the first time'])),
    ),
    unsupported(
      'type twice, another the second time, in escapes',
      `${reason}; RFC 8259, section 8.3`,
      signed(mint)(append(mint.claims(), '"\\u0074ype":"user.created"')),
    ),
    reject(
      'timestamp_out_of_range',
      'timestamp twice, old the second time',
      reason,
      signed(mint)(append(mint.claims(), old)),
    ),
    reject(CODE, 'data twice, null the second time', reason, signed(mint)(append(mint.claims(), '"data":null'))),
    reject('issuer_mismatch', 'iss twice, ours the first time', reason, signed(mint)(foreign)),
  ]
}

/** Nothing is merged, so none of these names is more than a name. */
function prototypes(mint: Mint): CaseDraft[] {
  const reason = 'CVE-2019-11358, CVE-2022-46175 and their kin: nothing is merged into a prototype, nor read from one'
  const hostile = '{"type":"customer.payment_succeeded","isAdmin":true,"aud":["x"]}'
  const inherited = (name: string) => {
    const { [name]: value, ...rest } = mint.claims()
    return append(rest, `"__proto__":{"${name}":${JSON.stringify(value)}}`)
  }
  const withData = (members: string) =>
    append(mint.claims({ data: undefined }), `"data":{"customer_id":"customer_1",${members}}`)
  const missing = {
    'claims in __proto__': `{"__proto__":${JSON.stringify(mint.claims())}}`,
    'type in __proto__': inherited('type'),
    'event_id in __proto__': inherited('event_id'),
    'timestamp in __proto__': inherited('timestamp'),
    'data in __proto__': inherited('data'),
  }
  const harmless = {
    '__proto__ beside the claims': append(mint.claims(), `"__proto__":${hostile}`),
    '__proto__ in data': withData(`"__proto__":${hostile}`),
    '__proto__ in the plan': withData('"plan":{"__proto__":{"code":"enterprise"}}'),
    'constructor.prototype in data': withData('"constructor":{"prototype":{"isAdmin":true}}'),
    'claims named like methods': append(mint.claims(), '"then":"x","toJSON":1,"hasOwnProperty":null,"constructor":"x"'),
    'event_id __proto__': JSON.stringify(mint.claims({ event_id: '__proto__' })),
  }
  return [...rejectEach(CODE, reason, missing, signed(mint)), ...acceptEach(reason, harmless, signed(mint))]
}

/** As text, since what builds such nesting by recursion would be the first to fail. */
function depth(mint: Mint): CaseDraft[] {
  const reason = 'RFC 8259, section 9: a parser may set limits; CVE-2020-36518 and its kin: deep nesting ends a stack'
  const lists = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
  const objects = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
  const inData = (value: string) => append(mint.claims({ data: undefined }), `"data":{"x":${value}}`)
  const beside = (value: string) => append(mint.claims(), `"x":${value}`)
  const tooDeep = {
    '50,000 lists in data': inData(lists(50_000)),
    '50,000 brackets, none closed': beside('['.repeat(50_000)),
    '50,000 objects in a claim': beside(objects(50_000)),
    '65 levels, lists in data': inData(lists(63)),
    '65 levels, objects in a claim': beside(objects(64)),
    '65 levels, in an event of another type': `{"type":"user.created","x":${lists(64)}}`,
  }
  const deepEnough = {
    '64 levels, lists in data': inData(lists(62)),
    '64 levels, objects in a claim': beside(objects(63)),
    '1,000 lists side by side': beside(`[${'[],'.repeat(999)}[]]`),
    '1,000 brackets in a string': beside(JSON.stringify(`\\"${'['.repeat(1_000)}`)),
  }
  return [...rejectEach(CODE, reason, tooDeep, signed(mint)), ...acceptEach(reason, deepEnough, signed(mint))]
}

const MIB = 2 ** 20

function size(mint: Mint): CaseDraft[] {
  const reason = 'the one limit of size is 1 MiB, the line end counted'
  const keys = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`key${index}`, index]))
  return [
    accept('token of 1 MiB', reason, tokenOfLength(mint, MIB)),
    ...rejectEach(
      'payload_too_large',
      reason,
      {
        'token of 1 MiB and a byte': () => tokenOfLength(mint, MIB + 1),
        'token of 1 MiB and a line end': () => tokenOfLength(mint, MIB).then((token) => `${token}\n`),
        'string of 1 MiB in data': () => mint.token({ claims: { data: { note: 'x'.repeat(MIB) } } }),
        '2 MiB of NUL': () => '\u0000'.repeat(2 * MIB),
        '400,000 characters of three bytes each': () => '\u20ac'.repeat(400_000),
      },
      (token) => token(),
    ),
    ...acceptEach(
      reason,
      { '20,000 keys in data': keys, '700 kB of text in data': { note: 'é'.repeat(350_000) } },
      (members) => mint.token({ claims: { data: { customer_id: 'customer_1', ...members } } }),
    ),
  ]
}

/** A genuine token of so many characters. Some lengths take another header, as no bytes have an encoding of theirs. */
async function tokenOfLength(mint: Mint, length: number): Promise<string> {
  const claims = mint.claims()
  const build = (headerPad: number, note: number) => {
    const rawPayload = JSON.stringify({ ...claims, note: 'x'.repeat(note) })
    return mint.token({ header: { pad: 'x'.repeat(headerPad) }, rawPayload })
  }
  for (let headerPad = 0; ; headerPad++) {
    const missing = length - (await build(headerPad, 0)).length
    for (const more of [-1, 0, 1]) {
      const token = await build(headerPad, Math.floor((missing * 3) / 4) + more)
      if (token.length === length) return token
    }
  }
}

function numbers(mint: Mint): CaseDraft[] {
  const reason = 'RFC 8259, section 6: a number may be more than a double holds, and fails nothing'
  const type = 'customer.meter_usage_updated'
  const quantity = (value: string) =>
    append(mint.claims({ type, data: undefined }), `"data":{"customer_id":"customer_1","quantity":${value}}`)
  const payloads = {
    'quantity 1e400': quantity('1e400'),
    'quantity -0': quantity('-0'),
    'quantity 9007199254740993': quantity('9007199254740993'),
    'unknown claim 1e400': append(mint.claims(), '"x":1e400'),
  }
  return acceptEach(reason, payloads, signed(mint))
}
