import { KindeManagementError } from './errors.js'

/** One page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[]
  /** The start of the next page; `undefined` on the last page. */
  readonly next: string | undefined
}

/**
 * Reads a list to its end, page by page.
 *
 * @param where The list, for messages.
 * @param read Reads the page that starts at a cursor; the first one starts at `undefined`.
 * @throws KindeManagementError `invalid_response` if the list does not advance: an unfinished list must not pass for a
 * whole one.
 */
export async function* readPages<Item>(
  where: string,
  read: (cursor: string | undefined) => Promise<Page<Item>>,
): AsyncGenerator<Item, void, undefined> {
  const seen = new Set<string>()
  let cursor: string | undefined
  do {
    const { items, next }: Page<Item> = await read(cursor)
    yield* items
    if (next !== undefined && seen.has(next))
      throw new KindeManagementError('invalid_response', `${where} does not end: a page repeats an earlier one.`)
    if (next !== undefined) seen.add(next)
    cursor = next
  } while (cursor !== undefined)
}

/**
 * The cursor of a list with `has_more`, which continues after the last id of the page.
 *
 * @throws KindeManagementError `invalid_response` for an empty page that promises more.
 */
export function nextAfter(
  where: string,
  hasMore: boolean,
  items: readonly { readonly id: string }[],
): string | undefined {
  if (!hasMore) return undefined
  const last = items.at(-1)
  if (last === undefined)
    throw new KindeManagementError('invalid_response', `${where} does not end: an empty page promises more.`)
  return last.id
}
