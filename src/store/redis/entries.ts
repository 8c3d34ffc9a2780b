/** Reads the entries of a kind, page by page. */
import type { Entry } from '../store.js';
import { kindOf } from '../table.js';
import { decodeText, type KeyNames, readEntry } from './codec.js';
import { type RedisConnection, unavailable } from './connection.js';

const PAGE = 1_000;

/** Those of a prefix that are live, in no order; those that change meanwhile may be there or not. */
export async function readEntries(
  connection: RedisConnection,
  names: KeyNames,
  prefix: string,
  isLive: (entry: Entry) => boolean,
): Promise<Entry[]> {
  const kind = kindOf(prefix);
  const found = new Map<string, Entry>();
  let cursor = '0';
  do {
    const reply = await connection.run('HSCAN', names.entries(kind), cursor, 'COUNT', PAGE);
    const [next, fields] = reply as [unknown, unknown];
    if (!Array.isArray(fields)) throw unavailable('has replied with something that is no page of entries');
    for (let at = 0; at + 1 < fields.length; at += 2) {
      const id = decodeText(fields[at]);
      const entry = id === undefined ? undefined : readEntry(`${kind}:${id}`, fields[at + 1]);
      if (entry?.key.startsWith(prefix) === true && isLive(entry)) found.set(entry.key, entry);
    }
    cursor = `${next}`;
  } while (cursor !== '0');
  return [...found.values()];
}
