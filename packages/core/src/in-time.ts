/** What a promise comes to; where it takes longer than `timeoutMs`, what `late` gives or throws instead. */
export async function inTime<Value, Late>(
  pending: PromiseLike<Value>,
  timeoutMs: number,
  late: () => Late,
): Promise<Value | Late> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs)
  })
  try {
    return await Promise.race([pending, timeout.then(late)])
  } finally {
    clearTimeout(timer)
  }
}
