/**
 * Looks for words in headers and bodies. The agent forwards requests with the same processor, so the search yields between
 * exchanges, and ends with as many results as were asked for.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fieldValue, filterFields, type RawHeaders } from '../../http/fields.js';
import { decodeBody } from './body-decoding.js';
import { describeRow, visibleHeaders } from './describe.js';
import { type Content, type Filter, matchesFilter } from './filter.js';
import type { KeptBody, KeptExchange } from './kept-exchange.js';
import type { Exchange } from './wire.js';

// Of a body after decoding.
const MAX_SEARCHED_BYTES = 1_048_576;
// In base64 nearly every short word occurs.
const ASSERTION = 'x-postern-assertion';
// What exchanges take up that are looked at without a break: a few milliseconds, for decoding their headers most of all. With
// words, an exchange with long bodies takes as much by itself.
const SLICE_BYTES = 262_144;

/** The rows of those that pass a filter, `limit` at most, in their order, and whether there may be more behind them. */
export async function search(
  candidates: Iterable<KeptExchange>,
  filter: Filter,
  limit: number,
): Promise<{ readonly rows: readonly Exchange[]; readonly isCut: boolean }> {
  const rows: Exchange[] = [];
  let searched = 0;
  for (const captured of candidates) {
    const row = describeRow(captured);
    const content = filter.hasWords ? await contentOf(captured) : undefined;
    if (matchesFilter(filter, row, content)) {
      if (rows.length === limit) return { rows, isCut: true };
      rows.push(row);
    }
    searched += captured.cost;
    if (searched < SLICE_BYTES) continue;
    searched = 0;
    await nextTurn();
  }
  return { rows, isCut: false };
}

async function contentOf(captured: KeptExchange): Promise<Content> {
  const { head, response, requestBody, responseBody, messages } = captured;
  const parts = [
    filterFields(visibleHeaders(head.headers), (name) => name !== ASSERTION).join('\n'),
    response?.headers.join('\n') ?? '',
    await textOf(requestBody, head.headers),
    await textOf(responseBody, response?.headers ?? []),
    ...(messages?.payloads() ?? []).map((payload) => payload.toString()),
  ].map((part) => part.toLowerCase());
  return (word) => parts.some((part) => part.includes(word));
}

async function textOf(body: KeptBody, headers: RawHeaders): Promise<string> {
  if (body.kept === 0) return '';
  const encoding = fieldValue(headers, 'content-encoding') ?? null;
  const bytes = body.read();
  return (encoding === null ? bytes : (await decodeBody(bytes, encoding, MAX_SEARCHED_BYTES)).bytes).toString();
}
