/** Reads the `status` or `error` of an answer as receivers of this project write it. */
export function getWord(answer: string): string | undefined {
  return /^\{"(?:status|error)":"([\w-]{1,40})"\}$/.exec(answer)?.[1]
}
