import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { createBillingVerifier } from '@kinde-billing/core'

/** A mistake of whoever called the demo: a message, and exit code 2. */
export class UsageError extends Error {}

/** Verifies a delivery that a user has captured, against the real key set, and prints the event, or the error with its mend. */
export async function verifyCaptured(issuer: string, file: string): Promise<boolean> {
  const token = (await readToken(file)).trim()
  const verifier = openVerifier({ issuer })
  const result = await verifier.safeVerifyAndParse(token)
  if (result.ok) {
    console.log('Authentic: this is what a handler would be given.')
    console.log(result.event)
    return true
  }
  console.error(`${result.error.code} (${result.error.status}): ${result.error.message}`)
  for (const { path, message } of result.error.issues) console.error(`  ${path.join('.')} ${message}`)
  if (result.error.code === 'timestamp_out_of_range') {
    const old = await openVerifier({ issuer, replayWindowMs: false }).safeVerifyAndParse(token)
    if (old.ok)
      console.log('The token is authentic all the same; when it was new, a handler would have been given:', old.event)
  }
  return false
}

function openVerifier(options: Parameters<typeof createBillingVerifier>[0]): ReturnType<typeof createBillingVerifier> {
  try {
    return createBillingVerifier(options)
  } catch (error) {
    throw error instanceof Error ? new UsageError(error.message) : error
  }
}

async function readToken(file: string): Promise<string> {
  try {
    return file === '-' ? await text(process.stdin) : await readFile(file, 'utf8')
  } catch (error) {
    throw new UsageError(
      `The file ${file} cannot be read (${error instanceof Error ? error.message : String(error)}): pass the path of a file that holds the token, or - for standard input.`,
    )
  }
}
