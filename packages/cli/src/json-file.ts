import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { UsageError } from './usage-error.js'

/**
 * Reads a file that contains a JSON object.
 *
 * @throws UsageError if the file cannot be read or is not a JSON object
 */
export async function readJsonObject(file: string, cwd: string): Promise<{ [member: string]: unknown }> {
  const value = await readJson(file, cwd)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UsageError(`${file} is not a JSON object. Write one, such as {"plan_code": "pro"}.`)
  return { ...value }
}

async function readJson(file: string, cwd: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(resolve(cwd, file), 'utf8'))
  } catch (error) {
    throw new UsageError(`Cannot read ${file} (${toReason(error)}). Pass a file that contains a JSON object.`)
  }
}

function toReason(error: unknown): string {
  if (error instanceof SyntaxError) return 'not JSON'
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
