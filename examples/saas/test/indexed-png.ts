import { crc32, deflateSync, inflateSync } from 'node:zlib'

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex')
const BYTES_PER_PIXEL = 3

/**
 * A screenshot with at most 256 colours, a third as large: the most frequent ones stay exactly as they are, and the others,
 * on the edges of letters, become the nearest of those. Takes what Chromium makes: 8 bits, red, green and blue.
 */
export function toIndexedPng(png: Buffer): Buffer {
  const width = png.readUInt32BE(16)
  const height = png.readUInt32BE(20)
  const pixels = unfiltered(inflateSync(Buffer.concat(dataOf(png))), width * BYTES_PER_PIXEL, height)
  const colours = Array.from({ length: width * height }, (_, index) => pixels.readUIntBE(index * 3, 3))

  const counts = new Map<number, number>()
  for (const colour of colours) counts.set(colour, (counts.get(colour) ?? 0) + 1)
  const palette = [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 256)
    .map(([colour]) => colour)
  const indexes = new Map([...counts.keys()].map((colour) => [colour, nearest(colour, palette)]))

  const rows = Buffer.alloc(height * (width + 1))
  for (const [index, colour] of colours.entries()) {
    const row = Math.floor(index / width)
    rows[index + row + 1] = indexes.get(colour) ?? 0
  }
  const header = Buffer.from(png.subarray(16, 29))
  header[9] = 3 // colours stand in a palette
  const table = Buffer.from(palette.flatMap((colour) => channels(colour)))
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', table),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function* chunksOf(png: Buffer): Generator<{ type: string; data: Buffer }> {
  for (let at = SIGNATURE.length; at < png.length; ) {
    const length = png.readUInt32BE(at)
    yield { type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) }
    at += 12 + length
  }
}

function dataOf(png: Buffer): Buffer[] {
  if (png[24] !== 8 || png[25] !== 2) throw new Error('Not a picture of 8 bits, red, green and blue')
  return [...chunksOf(png)].filter(({ type }) => type === 'IDAT').map(({ data }) => data)
}

/** Each row names the filter that was put on it, and is undone by what stands left, above, and left above. */
function unfiltered(filtered: Buffer, rowLength: number, height: number): Buffer {
  const pixels = Buffer.alloc(rowLength * height)
  for (let row = 0; row < height; row++) {
    const filter = filtered[row * (rowLength + 1)]
    for (let at = 0; at < rowLength; at++) {
      const here = row * rowLength + at
      const left = at < BYTES_PER_PIXEL ? 0 : (pixels[here - BYTES_PER_PIXEL] ?? 0)
      const above = pixels[here - rowLength] ?? 0
      const leftAbove = at < BYTES_PER_PIXEL ? 0 : (pixels[here - rowLength - BYTES_PER_PIXEL] ?? 0)
      const guess = [0, left, above, (left + above) >> 1, paeth(left, above, leftAbove)][filter ?? 0] ?? 0
      pixels[here] = (filtered[here + row + 1] ?? 0) + guess
    }
  }
  return pixels
}

function paeth(left: number, above: number, leftAbove: number): number {
  const guess = left + above - leftAbove
  const [toLeft, toAbove, toBoth] = [left, above, leftAbove].map((value) => Math.abs(guess - value))
  if (toLeft === undefined || toAbove === undefined || toBoth === undefined) return 0
  if (toLeft <= toAbove && toLeft <= toBoth) return left
  return toAbove <= toBoth ? above : leftAbove
}

function nearest(colour: number, palette: number[]): number {
  const distances = palette.map((candidate) => {
    const other = channels(candidate)
    return channels(colour).reduce((sum, value, index) => sum + (value - (other[index] ?? 0)) ** 2, 0)
  })
  return distances.indexOf(Math.min(...distances))
}

const channels = (colour: number): number[] => [colour >> 16, (colour >> 8) & 255, colour & 255]

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const frame = Buffer.alloc(4)
  frame.writeUInt32BE(data.length)
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([frame, body, sum])
}
