/** What differs between two lists of headers, by name. */
import type { HeaderRow } from '../../wire.js';

export interface HeaderChange {
  readonly name: string;
  /** The values of one name, a line each; undefined where there is none. */
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly isSame: boolean;
}

/** In the order in which the names first occur. */
export function compareHeaders(before: readonly HeaderRow[], after: readonly HeaderRow[]): HeaderChange[] {
  const [old, fresh] = [byName(before), byName(after)];
  return [...new Set([...old.keys(), ...fresh.keys()])].map((name) => {
    const [was, is] = [old.get(name), fresh.get(name)];
    return { name, before: was, after: is, isSame: was === is };
  });
}

function byName(rows: readonly HeaderRow[]): Map<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of rows) {
    const key = name.toLowerCase();
    const former = values.get(key);
    values.set(key, former === undefined ? value : `${former}\n${value}`);
  }
  return values;
}
