/** Pure functions of a string whose results are kept, for strings that strangers choose. */
import { RecentMap } from './recent-map.js';

export interface MemoLimits {
  /** Results kept at least; up to twice as many are held (see `RecentMap`). */
  readonly maxEntries: number;
  /** The longest key, in UTF-16 code units, whose result is kept. */
  readonly maxKeyChars: number;
}

/**
 * `compute` with a bounded cache in front of it. A known key costs one look-up; a client that invents keys cannot make
 * the cache grow, and cannot evict the keys that others keep using. A look-up takes 10 ns, 2 more than a `RecentMap` in the
 * caller: code that looks up each field of each request holds its own.
 */
export function boundedMemo<Value extends NonNullable<unknown>>(
  compute: (key: string) => Value,
  { maxEntries, maxKeyChars }: MemoLimits,
): (key: string) => Value {
  const results = new RecentMap<Value>(maxEntries, maxKeyChars);
  return (key) => {
    const known = results.get(key);
    if (known !== undefined) return known;
    const result = compute(key);
    results.set(key, result);
    return result;
  };
}
