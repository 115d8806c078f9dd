import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

const made: string[] = []

/** An empty folder, which is gone after the tests of the file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kinde-billing-'))
  made.push(folder)
  return folder
}

afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true }))))
