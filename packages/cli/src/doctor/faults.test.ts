import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FAULTS } from './faults.js'

describe('FAULTS', () => {
  it('stand in docs/cli.md with their titles, in this order', async () => {
    const page = await readFile(join(import.meta.dirname, '../../../../docs/cli.md'), 'utf8')
    const rows = [...page.matchAll(/^\| `(\w+)` +\| (.+?) +\|$/gm)].map(([, id, title]) => [id, title])
    expect(rows).toStrictEqual(Object.entries(FAULTS).map(([id, { title }]) => [id, title]))
  })
})
