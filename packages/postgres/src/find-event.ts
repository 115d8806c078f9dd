/**
 * The keys of events, whatever their endpoint: `found_event.key`. The key begins with issuer and name, of which there are few, so
 * that each endpoint costs one look-up in the primary key, and `event_id` needs no index.
 *
 * @param eventIds - an SQL expression of type json: an array of event ids
 */
export const eventKeys = (table: string, eventIds: string): string => `recursive found_endpoint(prefix) as (
  (select ${prefix} from ${table} order by key limit 1)
  union all
  select (select ${prefix} from ${table} where key > found_endpoint.prefix || '!' order by key limit 1)
  from found_endpoint where found_endpoint.prefix is not null
), found_event as materialized (
  select prefix || ' ' || id collate "C" as key
  from found_endpoint, json_array_elements_text(${eventIds}) as id
  where prefix is not null
)`

// "!" is the character after the space, and so comes after every key that begins with the prefix and a space.
const prefix = `split_part(key, ' ', 1) || ' ' || split_part(key, ' ', 2)`
