/** What a promise comes to; where it takes longer than `timeoutMs`, what `late` gives or throws instead. */
export function inTime<Value, Late>(
  pending: PromiseLike<Value>,
  timeoutMs: number,
  late: () => Late,
): Promise<Value | Late> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(new Promise((settle) => settle(late()))), timeoutMs)
    Promise.resolve(pending).then(
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
