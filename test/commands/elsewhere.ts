import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, ROOT } from './find-fences.js'

type Runner = readonly [file: string, shows: string]

/** Commands that another test runs, or that none can run. */
export interface Elsewhere {
  readonly command: RegExp
  /** The pages that this is about. Default: all. */
  readonly page?: RegExp
  /** The file that runs it, and text in it that shows so. */
  readonly ranBy?: Runner | ((command: Command) => Runner)
  /** Why no test runs it. */
  readonly cannot?: string
}

const EXAMPLE = /^examples\//

/** The test that copies an example out of the repository and follows the first block of its README. */
function copyTest({ page }: Command): Runner {
  const own = `test/platforms/${page.split('/')[1]}.platform.ts`
  return existsSync(join(ROOT, own))
    ? [own, 'describeRecipe(']
    : ['test/platforms/examples.platform.ts', 'startExample(']
}

export const ELSEWHERE: readonly Elsewhere[] = [
  // scripts of this repository
  { command: /^npx -y pnpm@[\d.]+ test$/, ranBy: ['.ci/run', '$pnpm test\n'] },
  { command: /^npx -y pnpm@[\d.]+ lint$/, ranBy: ['.ci/run', '$pnpm lint\n'] },
  { command: /^npx -y pnpm@[\d.]+ typecheck$/, ranBy: ['.ci/run', '$pnpm typecheck\n'] },
  { command: /^npx -y pnpm@[\d.]+ test:system$/, ranBy: ['.ci/run', '$pnpm test:system\n'] },
  { command: /^npx -y pnpm@[\d.]+ demo$/, ranBy: ['.ci/run', '$pnpm demo\n'] },
  { command: /^npx -y pnpm@[\d.]+ saas$/, ranBy: ['test/saas/server.ts', "'src/main.ts'"] },
  { command: /^npx -y pnpm@[\d.]+ tarballs$/, ranBy: ['test/packages/tarballs.ts', "'--pack-destination'"] },
  { command: /^npm install .*\/tarballs\//, ranBy: ['test/packages.system.ts', 'npmInstall(project)'] },
  { command: /^pnpm size$/, ranBy: ['.ci/run', 'packages/benchmarks/src/size.ts'] },
  { command: / exec changeset$/, cannot: 'It asks its questions in a terminal.' },
  { command: /^pnpm (?:bench|mutation)$|packages\/benchmarks\/src\//, cannot: 'It takes minutes on an idle machine.' },

  // copies of the examples, whose tests follow the first block of the README
  { command: /^QUEUE=redis .* npm start$/, ranBy: ['test/queue.system.ts', "variable: 'REDIS_URL'"] },
  { page: EXAMPLE, command: /\b(?:start|run build|run dev)$/, ranBy: copyTest },
  { page: EXAMPLE, command: /^KINDE_ISSUER_URL=\S+ deno run /, ranBy: copyTest },
  { page: EXAMPLE, command: /^curl /, ranBy: ['test/examples.system.ts', 'answersItsReadme(example'] },
  { command: /^npx convex env set /, cannot: 'It needs an account of Convex.' },

  // commands that run until you stop them
  { command: /^npx kinde-billing listen /, ranBy: ['packages/cli/src/listen/command.test.ts', "'--forward-to'"] },
  { command: /npx kinde-billing console$/, ranBy: ['packages/cli/test/console.system.ts', "'console'"] },
  { command: /^npx kinde-billing doctor /, ranBy: ['test/skill.system.ts', "'doctor'"] },
  {
    command: /^KINDE_ISSUER_URL=\S+ npm start$/,
    ranBy: ['test/skill.system.ts', 'KINDE_ISSUER_URL: `http://127.0.0.1'],
  },
  { command: /npx next dev$/, cannot: 'It compiles for a minute. The tests build the route, and run `next start`.' },
  { command: /npx tsx app\.ts$/, page: /access/, ranBy: ['test/commands/pages.ts', "'docs/guides/access.md'"] },

  // programs that are not on this machine
  { command: /^npx jest$/, ranBy: ['test/platforms/jest-guide.platform.ts', "'npx jest'"] },
  { command: /^NODE_USE_ENV_PROXY=1 /, ranBy: ['test/platforms/node.platform.ts', 'docs/guides/proxies.md'] },
  { command: /^curl https:\/\/acme\.kinde\.com\S+ https:/, cannot: 'It asks two environments of Kinde.' },
  { command: /^(?:ngrok|cloudflared) /, cannot: 'It needs the service behind it.' },
  { command: /^supabase functions deploy /, cannot: 'It needs an account of Supabase.' },
  { command: /^npx wrangler deploy$/, cannot: 'It needs an account of Cloudflare.' },
  {
    command: /^npx wrangler dev /,
    cannot: 'It needs Wrangler. The tests run Workers on Miniflare, which it is built on.',
  },
]

/** The first entry that a command belongs to. */
export function findElsewhere(command: Command): Elsewhere | undefined {
  return ELSEWHERE.find(
    ({ command: pattern, page }) => pattern.test(command.text) && (page?.test(command.page) ?? true),
  )
}
