import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startTestManagementApi, type TestManagementApi } from '@kinde-billing/testing/management'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { kindeBilling } from '../../test/recording-terminal.js'
import { temporaryFolder } from '../../test/temporary-folder.js'

let kinde: TestManagementApi
let cwd: string
beforeEach(async () => {
  kinde = await startTestManagementApi()
  cwd = await temporaryFolder()
})
afterEach(() => kinde.close())

const types = (...args: string[]) => kindeBilling(['types', ...args], { env: kinde.env, cwd, columns: 400 })

it('writes the file, and says what the schemas feed and what is not read', async () => {
  const { code, out } = await types()
  expect(code).toBe(0)
  expect(await readFile(join(cwd, 'kinde-events.ts'), 'utf8')).toContain('export const dataSchemas')
  expect(out).toContain('customer.id (customer_id)')
  expect(out).toContain('Wrote kinde-events.ts')
})

it('checks: 0 while nothing has changed, also after a formatter, and 1 once Kinde has', async () => {
  expect(await types('--check')).toMatchObject({ code: 1, out: expect.stringContaining('does not exist') })
  await types()
  expect((await types('--check')).code).toBe(0)
  const path = join(cwd, 'kinde-events.ts')
  const formatted = (await readFile(path, 'utf8')).replace(/^( *)'(\w+)':/gm, '$1  $2:').replaceAll("'", '"')
  await writeFile(path, formatted)
  expect((await types('--check')).code).toBe(0)
  kinde.tenant.eventTypes.splice(0, 1)
  expect(await types('--check')).toMatchObject({
    code: 1,
    out: expect.stringContaining('not what Kinde describes now'),
  })
  expect(await readFile(path, 'utf8')).toBe(formatted)
})

it('does not overwrite a file that it has not written, and names a folder that does not exist', async () => {
  await writeFile(join(cwd, 'mine.ts'), 'export {}\n')
  expect(await types('--out', 'mine.ts')).toMatchObject({
    code: 2,
    err: expect.stringContaining('was not written by this command'),
  })
  expect(await types('--out', 'no/folder.ts')).toMatchObject({ code: 2, err: expect.stringContaining('ENOENT') })
})

it('prints JSON', async () => {
  const { out } = await types('--json')
  expect(JSON.parse(out)).toMatchObject({ status: 'written', file: 'kinde-events.ts' })
})
