/** How many of the exchanges that are kept each person has caused. */
import { fieldValue } from '../../http/fields.js';
import { readEmail } from '../target/request-record.js';
import type { Exchanges } from './exchanges.js';

export function requestsByPerson(exchanges: Exchanges): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { head, replayOf } of exchanges.newestFirst()) {
    const email = readEmail(fieldValue(head.headers, 'x-forwarded-email'));
    if (email !== undefined && replayOf === undefined) counts.set(email, (counts.get(email) ?? 0) + 1);
  }
  return counts;
}
