import { errorMessage } from '@kinde-billing/core/internal'
import { type AccessPolicy, summarize } from '@kinde-billing/state'
import { Option } from 'commander'
import { readJsonObject } from '../json-file.js'
import { UsageError } from '../usage-error.js'

/** `--policy <file>`, for commands that say who has access. */
export const policyOption = (): Option =>
  new Option('--policy <file>', "your application's access policy, as a JSON object (default: the default policy)")

/**
 * Reads the file of `--policy`.
 *
 * @throws UsageError if the file cannot be read or is not an access policy
 */
export async function readPolicy(file: string | undefined, cwd: string): Promise<AccessPolicy | undefined> {
  if (file === undefined) return undefined
  const policy: object = await readJsonObject(file, cwd)
  assertPolicy(policy, file)
  return policy
}

function assertPolicy(policy: object, file: string): asserts policy is AccessPolicy {
  try {
    summarize(undefined, { now: 0, policy })
  } catch (error) {
    throw new UsageError(`${file}: ${errorMessage(error)}`)
  }
}
