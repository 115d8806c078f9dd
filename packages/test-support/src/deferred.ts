export interface Deferred<Value> {
  readonly promise: Promise<Value>
  resolve(value: Value): void
  reject(reason: unknown): void
}

/** `Promise.withResolvers`, which Node 20 lacks. */
export function deferred<Value = void>(): Deferred<Value> {
  let resolve: (value: Value) => void = () => {}
  let reject: (reason: unknown) => void = () => {}
  const promise = new Promise<Value>((onValue, onReason) => {
    resolve = onValue
    reject = onReason
  })
  return { promise, resolve, reject }
}

const PATIENCE_MS = 100_000

/** Repeats an assertion until it holds. Its time limit is far beyond what a busy machine needs. */
export async function eventually(assertion: () => unknown): Promise<void> {
  const startedAt = performance.now()
  for (;;) {
    try {
      await assertion()
      return
    } catch (error) {
      if (performance.now() - startedAt > PATIENCE_MS) throw error
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }
}
