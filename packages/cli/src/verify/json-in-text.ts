/** A piece of text: JSON with its value, or what stands between. */
interface TextPiece {
  readonly text: string
  readonly value?: unknown
}

/** Limit of what is read in vain: text with many brackets that are no JSON would take too long. */
const MAX_WASTED_CHARS = 64 * 1024 * 1024
/** The cost of an error of the JSON parser, in characters that could be read meanwhile. */
const PARSE_ERROR_CHARS = 1000

/** An object or a list, or one written as a string, as loggers that write `key="value"` do. */
const START = /[[{]|"(?=[[{]{1,2}\\")/g

/** Splits text, such as the lines of a log, into JSON objects and lists and the text between them. */
export function splitJson(text: string): TextPiece[] {
  const pieces: TextPiece[] = []
  let wasted = 0
  let from = 0
  START.lastIndex = 0
  for (let start = START.exec(text); start !== null && wasted < MAX_WASTED_CHARS; start = START.exec(text)) {
    const { end, last } = findEnd(text, start.index)
    const piece = end === undefined ? undefined : toPiece(text.slice(start.index, end))
    if (piece === undefined || end === undefined) {
      wasted += last - start.index + PARSE_ERROR_CHARS
      continue
    }
    pieces.push({ text: text.slice(from, start.index) }, piece)
    from = end
    START.lastIndex = end
  }
  return [...pieces, { text: text.slice(from) }]
}

/** Finds the end of brackets, or of a string, and how far the search went. */
function findEnd(text: string, start: number): { readonly end: number | undefined; readonly last: number } {
  let depth = 0
  let isString = false
  for (let index = start; index < text.length; index++) {
    const char = text[index]
    if (isString && char === '\\') index += 1
    else if (char === '"') isString = !isString
    else if (isString) continue
    else if (char === '{' || char === '[') depth += 1
    else if (char === '}' || char === ']') depth -= 1
    if (depth === 0 && !isString) return { end: index + 1, last: index + 1 }
  }
  return { end: undefined, last: text.length }
}

function toPiece(text: string): TextPiece | undefined {
  try {
    return { text, value: JSON.parse(text) }
  } catch {
    return undefined
  }
}
