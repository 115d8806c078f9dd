/**
 * Settles like `promise`, or with `onTimeout()` after `timeoutMs`. The promise keeps running and is not cancelled.
 *
 * @param promise - The promise to wait for.
 * @param timeoutMs - How long to wait, in milliseconds.
 * @param onTimeout - Returns the value to resolve with, or throws the error to reject with.
 */
export async function withTimeout<Value, Late>(
  promise: PromiseLike<Value>,
  timeoutMs: number,
  onTimeout: () => Late,
): Promise<Value | Late> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<Late>((resolve) => {
    timer = setTimeout(() => resolve((async () => onTimeout())()), timeoutMs)
  })
  try {
    return await Promise.race([promise, timeout])
  } finally {
    clearTimeout(timer)
  }
}
