import { escapeText } from '@kinde-billing/core/internal'
import type { Shape, ShapeMember } from './shape.js'

const MAX_COMMENT_CHARS = 160

/** Prints a shape as a valibot schema. */
export function printSchema(shape: Shape, indent: string): string {
  switch (shape.kind) {
    case 'object':
      return printObject(shape.members, indent)
    case 'array':
      return `v.array(${printSchema(shape.items, indent)})`
    case 'text':
      return shape.known.length === 0 ? 'v.string()' : `text(${shape.known.map(printText).join(', ')})`
    case 'number':
      return 'v.number()'
    case 'boolean':
      return 'v.boolean()'
    case 'null':
      return 'v.null()'
    case 'union':
      return `v.union([${shape.options.map((option) => printSchema(option, indent)).join(', ')}])`
    case 'unknown':
      return 'v.unknown()'
  }
}

/** Prints an object that lets further members through. */
export function printObject(members: readonly ShapeMember[], indent: string): string {
  if (members.length === 0) return 'v.looseObject({})'
  const lines = members.map((member) => printMember(member, `${indent}  `))
  return `v.looseObject({\n${lines.join('')}${indent}})`
}

function printMember({ name, shape }: ShapeMember, indent: string): string {
  // An object literal would take it for the prototype, and a payload without it has an inherited one.
  if (name in Object.prototype)
    return `${indent}${comment(`${JSON.stringify(name)} is left out: every object has a member of this name`)}`
  const reasons = collectReasons(shape).map((why) => `${indent}${comment(why)}`)
  // unknown takes undefined and null as it is, but must be allowed to be absent
  const schema = `v.nullish(${printSchema(shape, indent)})`
  return `${reasons.join('')}${indent}${printText(name)}: ${schema},\n`
}

/** Why parts of a member are unknown. Members of an object have comments of their own. */
function collectReasons(shape: Shape): string[] {
  if (shape.kind === 'unknown') return shape.why === undefined ? [] : [shape.why]
  if (shape.kind === 'array') return collectReasons(shape.items)
  return shape.kind === 'union' ? shape.options.flatMap(collectReasons) : []
}

/** A line comment. Line breaks are escaped, so nothing can leave it. */
export function comment(text: string): string {
  return `// ${escapeText(text, MAX_COMMENT_CHARS)}\n`
}

/** A string literal. Line separators end lines for some tools. */
export function printText(text: string): string {
  const quoted = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")
  return `'${quoted.replace(/[\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16)}`)}'`
}

/** `true` for a shape that needs the helper for text with known values. */
export function hasKnownText(shape: Shape): boolean {
  if (shape.kind === 'text') return shape.known.length > 0
  if (shape.kind === 'array') return hasKnownText(shape.items)
  if (shape.kind === 'union') return shape.options.some(hasKnownText)
  return (
    shape.kind === 'object' &&
    shape.members.some(({ name, shape: inner }) => !(name in Object.prototype) && hasKnownText(inner))
  )
}
