/**
 * The test runner's functions, from its globals. The CommonJS build has this module in place of `vitest`, which cannot be
 * required: Jest has these functions as globals, and so has Vitest with `globals: true`.
 */
type Runner = typeof import('vitest')

export const describe: Runner['describe'] = findGlobal('describe')
export const it: Runner['it'] = findGlobal('it')
export const expect: Runner['expect'] = findGlobal('expect')
export const beforeAll: Runner['beforeAll'] = findGlobal('beforeAll')
export const afterAll: Runner['afterAll'] = findGlobal('afterAll')

function findGlobal<Name extends keyof Runner>(name: Name): Runner[Name] {
  const found: unknown = Reflect.get(globalThis, name)
  return (typeof found === 'function' ? found : missing) as Runner[Name]
}

function missing(): never {
  throw new Error('No test runner found. Call describeAdapter and describeInbox in a test file of Jest or Vitest.')
}
