/** The shape of a value, as far as a JSON Schema tells it. */
export type Shape =
  | { readonly kind: 'object'; readonly members: readonly ShapeMember[] }
  | { readonly kind: 'array'; readonly items: Shape }
  /** Text. `known` lists values that the schema names; others are possible. */
  | { readonly kind: 'text'; readonly known: readonly string[] }
  | { readonly kind: 'number' }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'null' }
  | { readonly kind: 'union'; readonly options: readonly Shape[] }
  /** `why` says what could not be read. */
  | { readonly kind: 'unknown'; readonly why: string | undefined }

/** A member of an object. Every one is optional: Kinde's schemas have no `required`. */
export interface ShapeMember {
  readonly name: string
  readonly shape: Shape
}

type SchemaNode = { readonly [keyword: string]: unknown }

/** Deeper schemas are unknown: TypeScript has limits, too. */
const MAX_DEPTH = 16

/**
 * Reads a JSON Schema, whatever it is: Kinde's have quirks (`type: { constant }`, `items` as a list), and other tenants' may
 * have others. What is not understood is unknown, never an error.
 */
export function readShape(schema: unknown, depth = 0): Shape {
  if (schema === true || schema === undefined) return unknown(undefined)
  if (!isNode(schema)) return unknown('not a schema')
  if (depth > MAX_DEPTH) return unknown('too deep')
  const values = getKnownValues(schema)
  if (values !== undefined) return unite(values.map(shapeOfValue))
  const types = getTypes(schema)
  if (types !== undefined) return unite(types.map((type) => readType(type, schema, depth)))
  const options = [schema.anyOf, schema.oneOf].find((list) => Array.isArray(list) && list.length > 0)
  if (Array.isArray(options)) return unite(options.map((option) => readShape(option, depth + 1)))
  const keywords = Object.keys(schema)
  return unknown(keywords.length === 0 ? undefined : `not understood: ${keywords.join(', ')}`)
}

/** The values of `enum` and `const`, and of Kinde's `type: { constant }`. */
function getKnownValues(schema: SchemaNode): readonly unknown[] | undefined {
  if (Array.isArray(schema.enum) && schema.enum.length > 0) return schema.enum
  if (Object.hasOwn(schema, 'const')) return [schema.const]
  return isNode(schema.type) && Object.hasOwn(schema.type, 'constant') ? [schema.type.constant] : undefined
}

function getTypes(schema: SchemaNode): readonly unknown[] | undefined {
  const { type } = schema
  if (Array.isArray(type) && type.length > 0) return type
  if (type !== undefined) return [type]
  if (isNode(schema.properties)) return ['object']
  return schema.items === undefined ? undefined : ['array']
}

function readType(type: unknown, schema: SchemaNode, depth: number): Shape {
  switch (type) {
    case 'object':
      return { kind: 'object', members: readMembers(schema.properties, depth) }
    case 'array':
      return { kind: 'array', items: readItems(schema.items, depth) }
    case 'string':
      return { kind: 'text', known: [] }
    // Kinde has been seen to write integers as floats
    case 'integer':
    case 'number':
      return { kind: 'number' }
    case 'boolean':
    case 'null':
      return { kind: type }
    default:
      return unknown(`type ${JSON.stringify(type) ?? 'missing'}`)
  }
}

function readMembers(properties: unknown, depth: number): ShapeMember[] {
  if (!isNode(properties)) return []
  return Object.keys(properties)
    .sort()
    .map((name) => ({ name, shape: readShape(properties[name], depth + 1) }))
}

/** `items` as a list means a tuple in older drafts. Kinde writes it for lists of any length. */
function readItems(items: unknown, depth: number): Shape {
  return Array.isArray(items) ? unite(items.map((item) => readShape(item, depth + 1))) : readShape(items, depth + 1)
}

function shapeOfValue(value: unknown): Shape {
  if (typeof value === 'string') return { kind: 'text', known: [value] }
  if (typeof value === 'number') return { kind: 'number' }
  if (typeof value === 'boolean') return { kind: 'boolean' }
  return value === null ? { kind: 'null' } : unknown('a constant that is not a plain value')
}

/** Joins shapes: texts into one with all known values, equal ones into one, and anything with unknown into unknown. */
function unite(shapes: readonly Shape[]): Shape {
  const unreadable = shapes.find((shape) => shape.kind === 'unknown')
  if (unreadable !== undefined) return unreadable
  const texts = shapes.filter((shape) => shape.kind === 'text')
  const known = texts.every((text) => text.known.length > 0) ? texts.flatMap((text) => text.known) : []
  const others = shapes.filter((shape) => shape.kind !== 'text')
  const distinct = new Map(others.map((shape) => [JSON.stringify(shape), shape]))
  const options: Shape[] = [
    ...(texts.length > 0 ? [{ kind: 'text', known: [...new Set(known)] } as const] : []),
    ...distinct.values(),
  ]
  const [only] = options
  if (only === undefined) return unknown(undefined)
  return options.length === 1 ? only : { kind: 'union', options }
}

function unknown(why: string | undefined): Shape {
  return { kind: 'unknown', why }
}

function isNode(value: unknown): value is SchemaNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The shape of `data` in a schema of the whole payload. */
export function readDataShape(schema: unknown): Shape {
  if (!isNode(schema)) return unknown('not a schema')
  if (!isNode(schema.properties) || !Object.hasOwn(schema.properties, 'data')) return unknown('no properties.data')
  return readShape(schema.properties.data)
}
