import { accept, acceptEach, type CaseDraft, reject, rejectEach } from './case.js'
import { append, type Mint } from './mint.js'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const YEAR = 366 * 24 * HOUR

/** `timestamp`, its forms and its window, and the dates that a JWT may carry. */
export function time(mint: Mint): CaseDraft[] {
  return [...goodForms(mint), ...badForms(mint), ...notStrings(mint), ...window(mint), ...numericDates(mint)]
}

/** A moment as the digits of a clock that is so many minutes before UTC. */
function digits(epochMs: number, offsetMinutes = 0): string {
  return new Date(epochMs + offsetMinutes * MINUTE).toISOString().slice(0, 19)
}

const withTimestamp =
  (mint: Mint) =>
  (timestamp: unknown): Promise<string> =>
    mint.token({ claims: { timestamp } })

function goodForms(mint: Mint): CaseDraft[] {
  const then = mint.now - MINUTE
  const utc = digits(then)
  const rfc3339 = {
    'timestamp with microseconds and an offset, as Kinde sends it': `${digits(then, 600)}.592145+10:00`,
    'timestamp in UTC': `${utc}.592145Z`,
    'timestamp with one digit of a fraction': `${utc}.5Z`,
    'timestamp with twelve digits of a fraction': `${utc}.592145678901Z`,
    'timestamp without a fraction': `${utc}Z`,
    'timestamp with small letters': `${utc.replace('T', 't')}z`,
    'timestamp with a space for the T': `${utc.replace('T', ' ')}Z`,
    'timestamp with an unknown offset (section 4.3)': `${utc}-00:00`,
    'timestamp behind UTC, and not by whole hours': `${digits(then, -210)}-03:30`,
    'timestamp before UTC, and not by whole hours': `${digits(then, 345)}+05:45`,
    'timestamp of another day, by its offset': `${digits(then, 840)}+14:00`,
  }
  const postgres = {
    'timestamp with an offset of hours': `${utc.replace('T', ' ')}+00`,
    'timestamp with a fraction and an offset of hours': `${digits(then, -480).replace('T', ' ')}.592145-08`,
    'timestamp with an offset without a colon': `${digits(then, 330).replace('T', ' ')}.592145+0530`,
  }
  return [
    ...acceptEach('RFC 3339, section 5.6', rfc3339, withTimestamp(mint)),
    ...acceptEach('how Postgres writes it, which has been seen in real payloads', postgres, withTimestamp(mint)),
  ]
}

function badForms(mint: Mint): CaseDraft[] {
  const then = mint.now - MINUTE
  const [utc, date, year] = [digits(then), digits(then).slice(0, 10), digits(then).slice(0, 4)]
  const inDigits = (zero: number) => utc.replace(/\d/g, (digit) => String.fromCharCode(zero + Number(digit)))
  const naive = {
    'timestamp without an offset': utc,
    'timestamp without an offset, as Postgres writes it': `${utc.replace('T', ' ')}.592145`,
    'timestamp that is a date only': date,
  }
  const rolledOver = {
    'timestamp of 30 February': `${year}-02-30T00:00:00Z`,
    'timestamp of 31 April': `${year}-04-31T00:00:00Z`,
    'timestamp of 29 February in no leap year': '2025-02-29T00:00:00Z',
    'timestamp of month 13': `${year}-13-01T00:00:00Z`,
    'timestamp of month 0': `${year}-00-10T00:00:00Z`,
    'timestamp of day 0': `${year}-03-00T00:00:00Z`,
    'timestamp at 24:00': `${date}T24:00:00Z`,
    'timestamp at minute 60': `${date}T11:60:00Z`,
    'timestamp at second 60 of another minute than the last': `${date}T11:58:60Z`,
    'timestamp with an offset of 24 hours': `${utc}+24:00`,
    'timestamp with an offset of 60 minutes': `${utc}+00:60`,
  }
  const grammar = {
    'timestamp of an ISO 8601 week': `${year}-W10-1T11:59:00Z`,
    'timestamp of a day of the year': `${year}-061T11:59:00Z`,
    'timestamp in the basic form of ISO 8601': `${utc.replace(/[-:]/g, '')}Z`,
    'timestamp with a year of six digits': `+00${utc}Z`,
    'timestamp with slashes': `${utc.replaceAll('-', '/')}Z`,
    'timestamp without seconds': `${utc.slice(0, 16)}Z`,
    'timestamp with a point and no fraction': `${utc}.Z`,
    'timestamp with a comma': `${utc},5Z`,
    'timestamp with a space before the offset': `${utc} +00:00`,
    'timestamp with an hour of one digit in the offset': `${utc}+1:00`,
    'timestamp with a minus sign that is not ASCII': `${utc}\u221200:00`,
    'timestamp with a zone by name': `${utc}Z[UTC]`,
    'timestamp of an HTTP date': new Date(then).toUTCString(),
    'timestamp Invalid Date': 'Invalid Date',
    'timestamp that is empty': '',
    'timestamp with a space before it': ` ${utc}Z`,
    'timestamp with a line end behind it': `${utc}Z\n`,
    'timestamp in Arabic digits': `${inDigits(0x0660)}Z`,
    'timestamp in full-width digits': `${inDigits(0xff10)}Z`,
  }
  const bad = (reason: string, forms: Record<string, string>) =>
    rejectEach('invalid_payload', reason, forms, withTimestamp(mint))
  return [
    ...bad('RFC 3339, section 4.4: a local time without an offset is not a point in time', naive),
    ...bad('RFC 3339, sections 5.6 and 5.7: what does not exist is not rolled over to what does', rolledOver),
    ...bad('RFC 3339, section 5.6: not of this form', grammar),
    ...bad('CWE-1333: a long text must not take long to be refused', {
      'timestamp with 300,000 digits of a fraction, and no offset': `${utc}.${'1'.repeat(300_000)}`,
    }),
  ]
}

function notStrings(mint: Mint): CaseDraft[] {
  const seconds = Math.floor(mint.now / 1000)
  const values = {
    'timestamp in milliseconds': mint.now,
    'timestamp in seconds': seconds,
    'timestamp in seconds, as a string': `${seconds}`,
    'timestamp null': null,
    'timestamp in a list': [new Date(mint.now).toISOString()],
    'timestamp absent, event_timestamp beside it': undefined,
  }
  return rejectEach(
    'invalid_payload',
    'a string, as Kinde sends it: the unit of a number would be a guess',
    values,
    withTimestamp(mint),
  )
}

function window(mint: Mint): CaseDraft[] {
  const iso = (ageMs: number) => new Date(mint.now - ageMs).toISOString()
  const aged = (ageMs: number) => mint.token({ claims: { timestamp: iso(ageMs) } })
  const attempts = {
    '1st attempt, at once': 0,
    '2nd attempt, after 5 s': 5 * SECOND,
    '3rd attempt, after 30 s': 30 * SECOND,
    '4th attempt, after 2 min': 2 * MINUTE,
    '5th attempt, after 10 min': 10 * MINUTE,
    '6th attempt, after 1 h': HOUR,
    '7th attempt, after 4 h': 4 * HOUR,
    '8th attempt, after 12 h': 12 * HOUR,
    '9th attempt, after 24 h': 24 * HOUR,
    '10th attempt, after 36 h': 36 * HOUR,
  }
  const schedule = "Kinde's schedule of attempts, should each have the timestamp of the first"
  const past = 'Kinde disables an endpoint after 72 h: what is as old is a replay'
  const future = 'a clock may be ahead by 5 min, and no more'
  const tooOld = { '72 h old': 72 * HOUR, '72 h and a millisecond old': 72 * HOUR + 1, 'a year old': YEAR }
  const tooNew = { '5 min and a millisecond ahead': -5 * MINUTE - 1, 'an hour ahead': -HOUR, 'a year ahead': -YEAR }
  const extreme = {
    'of the year 1': '0001-01-01T00:00:00Z',
    'of the year 9999': '9999-12-31T23:59:59.999999Z',
    'fresh by its digits, old by its offset': `${digits(mint.now - 71 * HOUR)}+14:00`,
  }
  return [
    ...acceptEach(schedule, attempts, aged),
    ...acceptEach(past, { 'a millisecond short of 72 h old': 72 * HOUR - 1 }, aged),
    ...acceptEach(future, { '5 min ahead': -5 * MINUTE }, aged),
    ...rejectEach('timestamp_out_of_range', past, tooOld, aged),
    ...rejectEach('timestamp_out_of_range', future, tooNew, aged),
    ...rejectEach(
      'timestamp_out_of_range',
      'the window is one of moments, not of digits',
      extreme,
      withTimestamp(mint),
    ),
    reject('timestamp_out_of_range', 'a week old, with a fresh event_timestamp', past, aged(168 * HOUR)),
    accept(
      'fresh, with an event_timestamp of a year ago',
      'the window is that of timestamp',
      mint.token({ claims: { event_timestamp: iso(YEAR) } }),
    ),
  ]
}

function numericDates(mint: Mint): CaseDraft[] {
  const now = mint.now / 1000
  const exp = 'RFC 7519, section 4.1.4: refused at exp and after it, without leeway'
  const nbf = 'RFC 7519, section 4.1.5: refused before nbf, with a leeway of 5 min for clocks'
  const withClaims = (claims: Record<string, unknown>) => mint.token({ claims })
  const mistyped = {
    'exp as a string': { exp: `${now + 3600}` },
    'exp null': { exp: null },
    'exp in a list': { exp: [now + 3600] },
    'exp as a date': { exp: new Date(mint.now + HOUR).toISOString() },
    'nbf as a string': { nbf: `${now - 3600}` },
    'nbf null': { nbf: null },
    'nbf true': { nbf: true },
  }
  const expired = {
    'exp a second ago': { exp: now - 1 },
    'exp now': { exp: now },
    'exp 0': { exp: 0 },
    'exp past, of another type': { exp: now - 1, type: 'user.created' },
  }
  return [
    ...rejectEach('token_not_current', exp, expired, withClaims),
    ...rejectEach('token_not_current', nbf, { 'nbf in 5 min and a second': { nbf: now + 301 } }, withClaims),
    ...rejectEach('token_not_current', nbf, { 'nbf in milliseconds': { nbf: mint.now } }, withClaims),
    ...rejectEach('token_not_current', 'RFC 7519, section 2: a NumericDate is a number', mistyped, withClaims),
    ...rejectEach(
      'token_not_current',
      'RFC 7519, section 2: 1e400 is read as infinity, which is not a NumericDate',
      { 'exp 1e400': '"exp":1e400', 'nbf -1e400': '"nbf":-1e400' },
      (member) => mint.token({ rawPayload: append(mint.claims(), member) }),
    ),
    ...acceptEach(exp, { 'exp in a second': { exp: now + 1 }, 'exp in half a second': { exp: now + 0.5 } }, withClaims),
    ...acceptEach(nbf, { 'nbf now': { nbf: now }, 'nbf in 5 min': { nbf: now + 300 } }, withClaims),
    ...acceptEach(
      'RFC 7519, section 4.1.6: iat sets no limit',
      { 'iat of tomorrow': { iat: now + 86_400 }, 'iat as text': { iat: 'yesterday' } },
      withClaims,
    ),
  ]
}
