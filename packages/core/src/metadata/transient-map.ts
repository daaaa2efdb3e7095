/** What of a `Map` is needed where keys come and go. */
export interface TransientMap<K, V> {
  get(key: K): V | undefined;
  set(key: K, value: V): void;
  delete(key: K): void;
  values(): Iterable<V>;
}

const maxDeleted = 1000;

/**
 * A map for keys that stay for a moment, e.g. of requests under way. V8 links each table that a map outgrows to the next
 * one, so that a single old table hides from the collector of the young generation whatever the map has held since: reads
 * cost a quarter more. Now and then the few that are there move to a new map.
 */
export function transientMap<K, V>(): TransientMap<K, V> {
  let map = new Map<K, V>();
  let deleted = 0;
  return {
    get: (key) => map.get(key),
    set: (key, value) => void map.set(key, value),
    delete(key) {
      map.delete(key);
      if (++deleted > maxDeleted) [map, deleted] = [new Map(map), 0];
    },
    values: () => map.values(),
  };
}
