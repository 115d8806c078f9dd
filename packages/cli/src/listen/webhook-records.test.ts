import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../../test/temporary-folder.js'
import { changeRecords, readRecords } from './webhook-records.js'

const record = (index: number) => ({
  domain: 'https://acme-dev.kinde.com',
  endpoint: `https://t${index}.tunnel.example/`,
  pid: index,
})

it('keeps the records of runs that begin and end at the same time', async () => {
  const file = join(await temporaryFolder(), 'webhooks.json')
  const all = Array.from({ length: 8 }, (_, index) => record(index))
  await Promise.all(all.map((one) => changeRecords(file, (records) => [...records, one])))
  expect((await readRecords(file)).toSorted((a, b) => a.pid - b.pid)).toEqual(all)
  await Promise.all(all.map(({ pid }) => changeRecords(file, (records) => records.filter((one) => one.pid !== pid))))
  expect(await readRecords(file)).toEqual([])
})

it('takes over a lock that a killed run has left', async () => {
  const file = join(await temporaryFolder(), 'webhooks.json')
  await mkdir(`${file}.lock`)
  await changeRecords(file, () => [record(1)])
  expect(await readRecords(file)).toEqual([record(1)])
})
