/** How the commands of a page are run. */
export interface PageRun {
  /** The page that has the application. Default: this one, or the first sample. */
  readonly application?: string
  /** Typed in as the answer to questions. */
  readonly answers?: string
  /** Exit codes other than 0, by a part of the command. */
  readonly exits?: { readonly [part: string]: number }
  /** A part of what is printed, by a part of the command or of its comment. */
  readonly prints?: { readonly [part: string]: string }
  /** A query whose rows are counted at the end. */
  readonly leaves?: { readonly query: string; readonly rows: number }
}

/** The commands of the inbox, with one event that has failed. */
const FAILED: PageRun = {
  exits: { 'inbox health': 1 },
  prints: {
    'inbox health': 'Kinde stops trying it',
    'inbox list': 'handler_failed: no such plan',
    'inbox show': 'failures       1',
    'inbox redeliver': '1 delivery is marked for redelivery.',
  },
}

/** The pages whose commands are run. */
export const PAGES: { readonly [page: string]: PageRun } = {
  'docs/check.md': { prints: { check: 'Nothing is wrong.' } },
  'docs/cli.md': {
    ...FAILED,
    prints: { ...FAILED.prints, verify: 'Authentic: a billing event signed by this issuer.' },
  },
  'docs/deploy/cloudflare.md': { prints: { check: 'Nothing is wrong.', trigger: '1 × 200 processed' } },
  'docs/go-live.md': { answers: 'y\r', prints: { 'sync --yes': '1 changed.' } },
  'docs/guides/access.md': { prints: { '402': '"error":"no_active_plan"', '# exported': 'exported' } },
  'docs/guides/dunning.md': { leaves: { query: 'select from mails', rows: 1 } },
  'docs/guides/failed-events.md': FAILED,
  'docs/guides/locked-out.md': { ...FAILED, prints: { ...FAILED.prints, 'sync org_4f9d2c --yes': 'access_granted' } },
  'docs/guides/other-events.md': { prints: { 'user.json': '1 × 200 processed' } },
  'docs/guides/outage.md': { exits: { check: 1 }, prints: FAILED.prints ?? {} },
  'docs/guides/plans.md': {
    application: 'docs/guides/access.md',
    prints: { trigger: 'deliveries ended with 200.' },
  },
  'docs/guides/testing.md': {},
  'docs/guides/webhook-stopped.md': { exits: { 'inbox health': 1, check: 1 } },
  'docs/inbox-redis.md': { prints: { HGETALL: 'token' } },
  'docs/management.md': { prints: { event: 'customer.plan_changed' } },
  'docs/sync.md': { prints: { 'sync --check': '0 differ' } },
  'docs/transactions.md': { prints: { trigger: '1 × 200 processed' } },
  'docs/tunnel.md': { prints: { nonsense: '{"error":"unauthorized"}' } },
  'docs/types.md': {},
  'docs/webhooks.md': { answers: 'y\r' },
  'packages/cli/README.md': {},
  'skills/kinde-billing/SKILL.md': { prints: { forge: 'forged deliveries were refused.', trigger: 'ended with 200.' } },
}
