import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { kindeBilling } from '../packages/cli/test/recording-terminal.js'
import { listPages, ROOT } from './commands/find-fences.js'

/** The commands with a page, or a section of `docs/cli.md`, which names each of their flags. */
const DOCUMENTED: Record<string, readonly string[]> = {
  verify: ['docs/cli.md'],
  trigger: ['docs/cli.md'],
  doctor: ['docs/cli.md', 'docs/doctor.md'],
  listen: ['docs/cli.md'],
  check: ['docs/check.md'],
  sync: ['docs/sync.md', 'docs/cli.md'],
  types: ['docs/types.md'],
  'inbox list': ['docs/cli.md', 'docs/guides/failed-events.md'],
  'inbox show': ['docs/cli.md'],
  'inbox redeliver': ['docs/cli.md', 'docs/guides/failed-events.md'],
  'inbox health': ['docs/cli.md'],
  console: ['docs/cli.md', 'docs/console.md'],
  'webhooks ensure': ['docs/webhooks.md'],
}
const EVERYWHERE = ['--json', '--help']

/** The flags in the help of a command; none if there is no such command. */
async function listFlags(command: string): Promise<string[]> {
  const { code, out } = await kindeBilling([...command.split(' '), '--help'])
  const isThere = code === 0 && out.startsWith(`Usage: kinde-billing ${command}`)
  return isThere ? [...out.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, flag = '']) => flag) : []
}

/** Every mention of a command in the text of a page, with its flags. */
function findMentions(page: string): { page: string; command: string; flags: string[] }[] {
  const text = readFileSync(page, 'utf8')
  return [...text.matchAll(/`(?:npx )?kinde-billing (\w+)((?: [^`]*)?)`/g)].map(([, name = '', rest = '']) => {
    const [, action = ''] = /^ (list|show|redeliver|health|ensure|delete)\b/.exec(rest) ?? []
    const flags = [...rest.matchAll(/(?<= )--[\w-]+/g)].map(([flag]) => flag)
    return { page, command: `${name} ${action}`.trim(), flags }
  })
}

it('has every command and every flag that a page mentions', async () => {
  const mentions = listPages(ROOT).flatMap(findMentions)
  expect(mentions.length).toBeGreaterThan(30)
  for (const { page, command, flags } of mentions)
    expect([page, command, await listFlags(command)]).toEqual([
      page,
      command,
      expect.arrayContaining(['--help', ...flags]),
    ])
})

describe.each(Object.entries(DOCUMENTED))('kinde-billing %s', (command, pages) => {
  it('has each of its flags on its page', async () => {
    const text = pages.map((page) => readFileSync(join(ROOT, page), 'utf8')).join('\n')
    const flags = await listFlags(command)
    expect(flags).toContain('--help')
    expect(flags.filter((flag) => !EVERYWHERE.includes(flag) && !new RegExp(`${flag}\\b`).test(text))).toEqual([])
  })
})
