interface ComparablePlan {
  readonly id?: string | undefined
  readonly code?: string | undefined
  readonly name?: string | undefined
}

/** Whether two plans are the same, as far as can be told: by the first of code, id and name that both have. */
export function comparePlans(
  a: ComparablePlan | undefined,
  b: ComparablePlan | undefined,
): 'same' | 'different' | 'unknown' {
  for (const member of ['code', 'id', 'name'] as const) {
    const [one, other] = [a?.[member], b?.[member]]
    if (one !== undefined && other !== undefined) return one === other ? 'same' : 'different'
  }
  return 'unknown'
}
