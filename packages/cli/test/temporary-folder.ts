import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** An empty folder, which is gone when the tests have run. */
export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'kinde-billing-'))
}
