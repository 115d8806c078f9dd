import { MAX_EXAMINATION_MS } from './doctor/doctor-command.js'
import { MAX_REQUESTS } from './doctor/examination.js'
import { MAX_DELIVERIES, MAX_RUN_MS } from './trigger-command.js'

export const PROGRAM = "Verify, trigger, check and capture Kinde's billing webhooks."

export const EXIT_CODES = `
Exit codes:
  0  all is as it should be
  1  something was refused, not delivered, or found wrong
  2  the command was called wrongly: an unknown flag, a missing file, a bad issuer
`

/** Exit codes of one command, whose 0 and 1 say more. */
const exits = (zero: string, one?: string): string =>
  `\nExit codes:\n  0  ${zero}\n${one === undefined ? '' : `  1  ${one}\n`}  2  the command was called wrongly\n`

export const VERIFY = `Says what a captured delivery is, or what is wrong with it and the mend.

It judges the delivery as a receiver does, against the key set of your Kinde domain. A capture is refused as
timestamp_out_of_range once it is three days old: it is authentic all the same, and --at or --no-window shows it.`

export const VERIFY_EXAMPLES: string = `
Examples:
  kinde-billing verify token.txt --issuer https://acme.kinde.com
  kinde-billing verify request.http --issuer https://acme.kinde.com --at 2026-05-01T17:41:45Z
  pbpaste | kinde-billing verify - --no-window --json
${exits('an authentic event, one of the eight or not', 'refused')}`

export const TRIGGER = `Delivers signed test events to an endpoint, as Kinde does.

They are signed by a local development issuer, which this command serves while it runs. Its key stays the same from
run to run, so an application trusts it once it is started with KINDE_ISSUER_URL=http://127.0.0.1:<issuer port>.`

export const TRIGGER_EXAMPLES: string = `
Examples:
  kinde-billing trigger customer.plan_changed --to http://localhost:3000/webhooks/kinde
  kinde-billing trigger all --to http://localhost:3000/webhooks/kinde --duplicates 2 --shuffle
  kinde-billing trigger customer.payment_failed --to http://localhost:3000/webhooks/kinde --retries --speed 36000
  kinde-billing trigger all --to http://localhost:3000/webhooks/kinde --forge

Bounds: ${MAX_DELIVERIES} deliveries, ${MAX_RUN_MS / 60_000} minutes; loopback and private networks without --allow-remote.
${exits('each delivery ended with 200; with --forge, each was refused', 'otherwise')}`

export const DOCTOR = `Checks whether an endpoint answers as a receiver of Kinde's webhooks should.

Genuine, duplicate, forged, substituted, of unknown type, late, with a wrong method or media type, compressed,
oversized, slow, concurrent, and while the key set is out. Each fault comes with what it will cost in production, and
the mend. The endpoint must trust the development issuer: start the application with
KINDE_ISSUER_URL=http://127.0.0.1:<issuer port>, best freshly, and never in production: its handlers get test events.`

export const DOCTOR_EXAMPLES: string = `
Examples:
  kinde-billing doctor --to http://localhost:3000/webhooks/kinde
  kinde-billing doctor --to http://localhost:3000/webhooks/kinde --ran-url http://localhost:3000/handled
  kinde-billing doctor --to http://localhost:3000/webhooks/kinde --json

Some faults can only be seen while a handler is at work or fails. A handler that heeds data.doctor ({"delayMs": 400},
{"fail": true}) shows them; docs/cli.md has the lines.

Bounds: ${MAX_REQUESTS} requests, ${MAX_EXAMINATION_MS / 60_000} minutes, 32 MiB in one body; loopback and private networks without --allow-remote.
${exits('every check was made, and none found a fault', 'otherwise')}`

export const CAPTURE = `Stores real deliveries as fixtures without personal data, and answers as a receiver does.

Point a tunnel at it, and a webhook of your Kinde test environment at the tunnel. The shape, key names and types of a
payload stay; ids, names, addresses and all other texts are replaced, the same by the same, and dates are moved.`

export const CAPTURE_EXAMPLES: string = `
Examples:
  kinde-billing capture --port 4418 --issuer https://acme.kinde.com
  kinde-billing capture --out test/fixtures --limit 8

Each file holds claims: give them to decodeBillingEvent, or sign them with a test issuer.
Look through a fixture before you publish it: words that you use as key names are kept.
${exits('ended by --limit or Ctrl-C')}`
