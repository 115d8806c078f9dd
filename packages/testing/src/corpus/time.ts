import { accept, type CaseDraft, reject } from './case.js'
import { append, type Mint } from './mint.js'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** `timestamp`, its forms and its window, and the dates that a JWT may carry. */
export function time(mint: Mint): CaseDraft[] {
  return [...goodForms(mint), ...badForms(mint), ...window(mint), ...numericDates(mint)]
}

/** A moment, as a date's digits at an offset in minutes. */
function digits(epochMs: number, offsetMinutes = 0): string {
  return new Date(epochMs + offsetMinutes * MINUTE).toISOString().slice(0, 19)
}

function goodForms(mint: Mint): CaseDraft[] {
  const reason = 'RFC 3339, section 5.6'
  const postgres = 'the form that Postgres writes, which has been seen in real payloads'
  const then = mint.now - MINUTE
  const utc = digits(then)
  const forms: [string, string][] = [
    [`${digits(then, 600)}.592145+10:00`, `${reason}, with microseconds and an offset: what Kinde sends`],
    [`${utc}.592145Z`, reason],
    [`${utc}.5Z`, `${reason}: one digit of a fraction, and one is enough`],
    [`${utc}.592145678901Z`, `${reason}: as many digits as there are`],
    [`${utc}Z`, `${reason}: without a fraction`],
    [`${utc.replace('T', 't')}z`, `${reason}: t and z may be small`],
    [`${utc.replace('T', ' ')}Z`, `${reason}: a space for the T`],
    [`${utc}+00:00`, reason],
    [`${utc}-00:00`, 'RFC 3339, section 4.3: UTC, the local offset unknown'],
    [`${digits(then, -210)}-03:30`, `${reason}: behind UTC, and not by whole hours`],
    [`${digits(then, 345)}+05:45`, `${reason}: before UTC, and not by whole hours`],
    [`${digits(then, 840)}+14:00`, `${reason}: it may be another day there`],
    [`${utc.replace('T', ' ')}+00`, postgres],
    [`${utc.replace('T', ' ')}.592145+00`, postgres],
    [`${digits(then, 330).replace('T', ' ')}.592145+0530`, postgres],
    [`${digits(then, -480)}-08`, postgres],
  ]
  return forms.map(([timestamp, why]) => accept(`timestamp ${timestamp}`, why, mint.token({ claims: { timestamp } })))
}

function badForms(mint: Mint): CaseDraft[] {
  const then = mint.now - MINUTE
  const [utc, date, year] = [digits(then), digits(then).slice(0, 10), digits(then).slice(0, 4)]
  const naive = 'RFC 3339, section 4.4: a local time without an offset is nobody’s time'
  const grammar = 'RFC 3339, section 5.6: not this form'
  const rolled = 'RFC 3339, section 5.7: a date that does not exist is not rolled over to one that does'
  const range = 'RFC 3339, section 5.6: no such hour, minute, second or offset'
  const ascii = 'RFC 3339, section 5.6: digits are those of ASCII'
  const string = 'a string, as Kinde sends it: the unit of a number would be a guess'
  const inDigits = (zero: number) => utc.replace(/\d/g, (digit) => String.fromCharCode(zero + Number(digit)))
  const forms: [unknown, string][] = [
    ...[utc, utc.replace('T', ' '), `${utc}.592145`, date].map((form): [unknown, string] => [form, naive]),
    ...[
      `${year}-02-30T00:00:00Z`,
      `${year}-02-31T00:00:00Z`,
      `${year}-04-31T00:00:00Z`,
      '2025-02-29T00:00:00Z',
      '2100-02-29T00:00:00Z',
    ].map((form): [unknown, string] => [form, rolled]),
    ...[`${year}-00-10T00:00:00Z`, `${year}-13-01T00:00:00Z`, `${year}-01-00T00:00:00Z`, `${year}-01-32T00:00:00Z`].map(
      (form): [unknown, string] => [form, rolled],
    ),
    ...[
      '24:00:00Z',
      '25:00:00Z',
      '11:60:00Z',
      '11:59:60Z',
      '11:59:61Z',
      '11:59:00+24:00',
      '11:59:00+05:60',
      '11:59:00+99',
    ].map((form): [unknown, string] => [`${date}T${form}`, range]),
    ...[`${year}-W10-1T11:59:00Z`, `${year}W101T115900Z`].map((form): [unknown, string] => [
      form,
      `${grammar}: a week of ISO 8601`,
    ]),
    ...[`${year}-061T11:59:00Z`, `${year}061T115900Z`].map((form): [unknown, string] => [
      form,
      `${grammar}: a day of the year of ISO 8601`,
    ]),
    ...[
      utc.replace(/[-:]/g, ''),
      utc.replaceAll('-', '/'),
      utc.slice(0, 16),
      utc.slice(2),
      `+00${utc}`,
      utc.replace('T', '_'),
      utc.replace('T', '  '),
    ].map((form): [unknown, string] => [`${form}Z`, grammar]),
    ...[
      `${utc}.Z`,
      `${utc},5Z`,
      `${utc} Z`,
      `${utc} +00:00`,
      `${utc}+1:00`,
      `${utc}+00:0`,
      `${utc}+0`,
      `${utc}+00:00:00`,
      `${utc}\u221200:00`,
      `${utc}UTC`,
      `${utc}[UTC]`,
      `${utc}Z[UTC]`,
    ].map((form): [unknown, string] => [form, grammar]),
    ...[new Date(then).toUTCString(), `${date}`.split('-').reverse().join('/'), 'now', 'Invalid Date', '', ' '].map(
      (form): [unknown, string] => [form, grammar],
    ),
    ...[` ${utc}Z`, `${utc}Z `, `${utc}Z\n`, `${utc}Z\u0000`, `${utc}Z; DROP TABLE events`].map(
      (form): [unknown, string] => [form, `${grammar}: nothing around it`],
    ),
    ...[0x0660, 0x0966, 0xff10].map((zero): [unknown, string] => [`${inDigits(zero)}Z`, ascii]),
    ...[then, Math.floor(then / 1000), String(then), -1, true, null, undefined, [`${utc}Z`], { $date: `${utc}Z` }].map(
      (form): [unknown, string] => [form, string],
    ),
  ]
  const show = (form: unknown) => (form === undefined ? 'absent' : JSON.stringify(form))
  return [
    ...forms.map(([timestamp, reason]) =>
      reject('invalid_payload', `timestamp ${show(timestamp)}`, reason, mint.token({ claims: { timestamp } })),
    ),
    reject(
      'invalid_payload',
      'timestamp with a fraction of 300,000 digits and no offset',
      'CWE-1333: it must not take longer for being refused',
      mint.token({ claims: { timestamp: `${utc}.${'1'.repeat(300_000)}` } }),
    ),
    reject(
      'invalid_payload',
      'timestamp absent, event_timestamp in its place',
      'the window is that of timestamp',
      mint.token({ claims: { timestamp: undefined } }),
    ),
  ]
}

function window(mint: Mint): CaseDraft[] {
  const iso = (ageMs: number) => new Date(mint.now - ageMs).toISOString()
  const aged = (ageMs: number) => mint.token({ claims: { timestamp: iso(ageMs) } })
  const schedule: [string, number][] = [
    ['1st attempt, at once', 0],
    ['2nd attempt, after 5 s', 5 * SECOND],
    ['3rd attempt, after 30 s', 30 * SECOND],
    ['4th attempt, after 2 min', 2 * MINUTE],
    ['5th attempt, after 10 min', 10 * MINUTE],
    ['6th attempt, after 1 h', HOUR],
    ['7th attempt, after 4 h', 4 * HOUR],
    ['8th attempt, after 12 h', 12 * HOUR],
    ['9th attempt, after 24 h', 24 * HOUR],
    ['10th attempt, after 36 h', 36 * HOUR],
  ]
  const replay = 'a replay: Kinde gives up at 72 h, and what is as old comes from somebody else'
  const future = 'a clock may be 5 min ahead, and no more'
  const year = 366 * 24 * HOUR
  return [
    ...schedule.map(([name, ageMs]) =>
      accept(
        name,
        "Kinde's schedule: attempts run to 36 h, with the first one's timestamp for all we know",
        aged(ageMs),
      ),
    ),
    accept('a millisecond short of 72 h', replay, aged(72 * HOUR - 1)),
    ...(
      [
        ['72 h', 72 * HOUR],
        ['72 h and a millisecond', 72 * HOUR + 1],
        ['a week', 168 * HOUR],
        ['a year', year],
        ['fifty years', 50 * year],
      ] as const
    ).map(([age, ageMs]) => reject('timestamp_out_of_range', `${age} old`, replay, aged(ageMs))),
    accept('5 min ahead', future, aged(-5 * MINUTE)),
    ...(
      [
        ['5 min and a millisecond', 5 * MINUTE + 1],
        ['an hour', HOUR],
        ['a year', year],
      ] as const
    ).map(([ahead, aheadMs]) => reject('timestamp_out_of_range', `${ahead} ahead`, future, aged(-aheadMs))),
    reject(
      'timestamp_out_of_range',
      'the year 1',
      replay,
      mint.token({ claims: { timestamp: '0001-01-01T00:00:00Z' } }),
    ),
    reject(
      'timestamp_out_of_range',
      'the year 9999',
      future,
      mint.token({ claims: { timestamp: '9999-12-31T23:59:59.999999Z' } }),
    ),
    reject(
      'timestamp_out_of_range',
      'fresh by its digits, old by its offset',
      replay,
      mint.token({ claims: { timestamp: `${digits(mint.now - 71 * HOUR)}+14:00` } }),
    ),
    reject(
      'timestamp_out_of_range',
      'a week old, with a fresh event_timestamp',
      'the window is that of timestamp',
      aged(168 * HOUR),
    ),
    accept(
      'fresh, with an event_timestamp of a year ago',
      'the window is that of timestamp',
      mint.token({ claims: { event_timestamp: iso(year) } }),
    ),
  ]
}

function numericDates(mint: Mint): CaseDraft[] {
  const now = mint.now / 1000
  const exp = 'RFC 7519, section 4.1.4: refused at exp and after it, without leeway'
  const nbf = 'RFC 7519, section 4.1.5: refused before nbf, with the leeway of 5 min for clocks'
  const numeric = 'RFC 7519, section 2: a NumericDate is a finite number'
  const refused: [string, unknown, string][] = [
    ['exp', now - 1, exp],
    ['exp', now, exp],
    ['exp', 0, exp],
    ['nbf', now + 301, nbf],
    ['nbf', now * 1000, nbf],
    ...(['exp', 'nbf'] as const).flatMap((name) =>
      [
        `${now + (name === 'exp' ? 3600 : -3600)}`,
        null,
        true,
        [now],
        {},
        mint.issuer,
        new Date(mint.now).toISOString(),
      ].map((value): [string, unknown, string] => [name, value, numeric]),
    ),
  ]
  const infinite = 'RFC 7519, section 2: 1e400 is read as infinity, which is no NumericDate'
  return [
    ...refused.map(([name, value, reason]) =>
      reject(
        'token_not_current',
        `${name} ${JSON.stringify(value)}`,
        reason,
        mint.token({ claims: { [name]: value } }),
      ),
    ),
    ...['"exp":1e400', '"nbf":-1e400', '"exp":-1e400'].map((member) =>
      reject('token_not_current', member, infinite, mint.token({ rawPayload: append(mint.claims(), member) })),
    ),
    reject(
      'token_not_current',
      'expired, of another type',
      `${exp}; judged before the type`,
      mint.token({ claims: { type: 'user.created', exp: 1 } }),
    ),
    accept('exp in a second', exp, mint.token({ claims: { exp: now + 1 } })),
    accept(
      'exp in half a second',
      'RFC 7519, section 2: seconds may have a fraction',
      mint.token({ claims: { exp: now + 0.5 } }),
    ),
    accept('nbf now', nbf, mint.token({ claims: { nbf: now } })),
    accept('nbf in 5 min', nbf, mint.token({ claims: { nbf: now + 300 } })),
    accept(
      'iat of tomorrow, and one that is text',
      'RFC 7519, section 4.1.6: iat is no limit',
      mint.token({ claims: { iat: now + 86_400 } }),
    ),
    accept(
      'iat that is text',
      'RFC 7519, section 4.1.6: iat is no limit',
      mint.token({ claims: { iat: 'yesterday' } }),
    ),
  ]
}
