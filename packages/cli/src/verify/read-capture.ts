import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Terminal } from '../terminal.js'
import { UsageError } from '../usage-error.js'

const MAX_CAPTURE_BYTES = 8 * 1024 * 1024

/**
 * Reads a capture as text.
 *
 * @param source A file, or `-` for standard input.
 * @throws UsageError if it cannot be read, is larger than 8 MiB, or is empty
 */
export async function readCapture(source: string, { cwd, stdin }: Pick<Terminal, 'cwd' | 'stdin'>): Promise<string> {
  const name = source === '-' ? 'Standard input' : source
  const bytes = source === '-' ? await readAll(stdin) : await readBytes(resolve(cwd, source), source)
  if (bytes.byteLength > MAX_CAPTURE_BYTES)
    throw new UsageError(`${name} is larger than 8 MiB. Pass only the part that contains the delivery.`)
  const text = decode(bytes)
  if (text.trim() === '') throw new UsageError(`${name} is empty. It must contain a token or a request.`)
  return text
}

async function readBytes(path: string, name: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new UsageError(
      `Cannot read ${name} (${reason}). Pass a file that contains the delivery, or - for standard input.`,
    )
  }
}

/** Stops reading beyond the limit. */
async function readAll(stdin: Terminal['stdin']): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk)
    chunks.push(bytes)
    size += bytes.byteLength
    if (size > MAX_CAPTURE_BYTES) break
  }
  return Buffer.concat(chunks)
}

/** PowerShell redirects output as UTF-16, and some editors write a byte order mark before UTF-8. */
function decode(bytes: Buffer): string {
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe
  const isUtf16BigEndian = bytes[0] === 0xfe && bytes[1] === 0xff
  return new TextDecoder(isUtf16 ? 'utf-16le' : isUtf16BigEndian ? 'utf-16be' : 'utf-8').decode(bytes)
}
