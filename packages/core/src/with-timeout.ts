/**
 * Settles like `promise`, or with `onTimeout()` after `timeoutMs`. The promise keeps running and is not cancelled.
 *
 * @param promise - The promise to wait for.
 * @param timeoutMs - How long to wait, in milliseconds.
 * @param onTimeout - Returns the value to resolve with, or throws the error to reject with.
 */
export function withTimeout<Value, Late>(
  promise: PromiseLike<Value>,
  timeoutMs: number,
  onTimeout: () => Late,
): Promise<Value | Late> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(new Promise((settle) => settle(onTimeout()))), timeoutMs)
    Promise.resolve(promise).then(
      (value) => {
        clearTimeout(timer)
        resolve(value)
      },
      (error: unknown) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}
