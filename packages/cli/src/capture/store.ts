import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Where fixtures go, a file each. */
export interface FixtureStore {
  /** Writes one, never over another, and says where. */
  write(claims: { readonly [claim: string]: unknown }, isVerified: boolean): Promise<string>
}

/** Opens a directory for fixtures, and makes it where there is none. */
export async function openFixtureStore(directory: string): Promise<FixtureStore> {
  await mkdir(directory, { recursive: true })
  let last = Math.max(0, ...(await readdir(directory)).map((name) => Number(/-(\d{4,})\./.exec(name)?.[1] ?? 0)))
  return {
    async write(claims, isVerified) {
      last += 1
      // the type stands in the name only where it is one of Kinde's words
      const type = /^[a-z]+\.[a-z_]{1,48}$/.exec(String(claims['type']))?.[0] ?? 'event'
      const name = `${type}-${String(last).padStart(4, '0')}${isVerified ? '' : '.unverified'}.json`
      const file = join(directory, name)
      await writeFile(file, `${JSON.stringify(claims, null, 2)}\n`, { flag: 'wx' })
      return file
    },
  }
}
