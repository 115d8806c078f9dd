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
  if (isObject(value)) return value
  throw new UsageError(`${file} is not a JSON object. Write one, such as {"plan_code": "pro"}.`)
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

/**
 * Reads a file that contains a JSON object, or a list of JSON objects.
 *
 * @throws UsageError if the file cannot be read or contains something else
 */
export async function readJsonObjects(file: string, cwd: string): Promise<{ [member: string]: unknown }[]> {
  const value = await readJson(file, cwd)
  const objects = [value].flat().filter(isObject)
  if (objects.length === 0 || objects.length < [value].flat().length)
    throw new UsageError(`${file} is not a JSON object, nor a list of JSON objects.`)
  return objects
}

function isObject(value: unknown): value is { [member: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
