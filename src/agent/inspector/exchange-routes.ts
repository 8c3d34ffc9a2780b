/** The routes about exchanges: the list, one of them, its bodies and messages, pins and notes. */
import { fieldValue, type RawHeaders } from '../../http/fields.js';
import { decodeBody } from './body-decoding.js';
import type { Capture } from './capture.js';
import { search } from './content-search.js';
import { describeDetail } from './describe.js';
import { type Filter, parseFilter } from './filter.js';
import type { InspectedTunnels } from './inspected-tunnels.js';
import type { KeptBody, KeptExchange } from './kept-exchange.js';
import type { Masks } from './masks.js';
import {
  BadCall,
  type Call,
  jsonReply,
  NO_CONTENT,
  notFound,
  numberQuery,
  type Reply,
  switchField,
  textField,
} from './reply.js';
import type { Route } from './route.js';
import type { ExchangeList, MessageList } from './wire.js';

export interface ExchangeRoutesOptions {
  readonly capture: Capture;
  readonly masks: Masks;
  readonly tunnels: InspectedTunnels;
}

const MAX_LISTED = 1_000;
const MAX_MESSAGES = 1_000;
const MAX_NOTE_CHARS = 2_000;
// Of a body that is decoded to be looked at: four times what is kept of it.
const MAX_DECODED_BYTES = 4_194_304;

export function exchangeRoutes(options: ExchangeRoutesOptions): Route[] {
  const { capture, masks, tunnels } = options;
  const { exchanges } = capture;
  const found = (call: Call) => findExchange(capture, call.param('id'));

  async function list({ query }: Call): Promise<Reply> {
    const limit = numberQuery(query, 'limit', { min: 1, max: MAX_LISTED }) ?? 200;
    const before = numberQuery(query, 'before', { min: 0, max: Number.MAX_SAFE_INTEGER }) ?? Number.POSITIVE_INFINITY;
    const { rows, isCut } = await search(exchanges.newestFirst(before), filterOf(query), limit);
    const next = isCut ? (rows.at(-1)?.seq ?? null) : null;
    const { dropped } = exchanges;
    return jsonReply({
      exchanges: rows,
      dropped,
      tunnels: tunnels.list(),
      paused: capture.isPaused,
      next,
    } satisfies ExchangeList);
  }

  const one = (call: Call) => jsonReply(describeDetail(found(call), masks));

  const reveal = (call: Call) => jsonReply(describeDetail(found(call), undefined));

  async function requestBody(call: Call): Promise<Reply> {
    const { requestBody: body, head } = found(call);
    return bodyReply(body, head.headers, call.query);
  }

  async function responseBody(call: Call): Promise<Reply> {
    const { responseBody: body, response } = found(call);
    return bodyReply(body, response?.headers ?? [], call.query);
  }

  function messages(call: Call): Reply {
    const { messages: log } = found(call);
    const after = numberQuery(call.query, 'after', { min: 0, max: Number.MAX_SAFE_INTEGER }) ?? 0;
    const limit = numberQuery(call.query, 'limit', { min: 1, max: MAX_MESSAGES }) ?? MAX_MESSAGES;
    const { total = 0, dropped = 0 } = log ?? {};
    return jsonReply({ messages: log?.read(after, limit) ?? [], total, dropped } satisfies MessageList);
  }

  async function pin(call: Call): Promise<Reply> {
    const isPinned = switchField(await call.fields(), 'pinned');
    if (exchanges.pin(found(call), isPinned)) return NO_CONTENT;
    throw new BadCall(
      'Too much is pinned: half of the room for exchanges is for what is new. Remove a pin first.',
      FULL,
    );
  }

  async function note(call: Call): Promise<Reply> {
    const text = textField(await call.fields(), 'text', MAX_NOTE_CHARS) ?? '';
    exchanges.annotate(found(call), text);
    return NO_CONTENT;
  }

  function clear(): Reply {
    exchanges.clear();
    return NO_CONTENT;
  }

  return [
    { method: 'GET', path: '/api/exchanges', demand: 'key', serve: list },
    { method: 'DELETE', path: '/api/exchanges', demand: 'key', serve: clear },
    { method: 'GET', path: '/api/exchanges/:id', demand: 'key', serve: one },
    { method: 'POST', path: '/api/exchanges/:id/reveal', demand: 'key', serve: reveal },
    { method: 'GET', path: '/api/exchanges/:id/request/body', demand: 'key', serve: requestBody },
    { method: 'GET', path: '/api/exchanges/:id/response/body', demand: 'key', serve: responseBody },
    { method: 'GET', path: '/api/exchanges/:id/messages', demand: 'key', serve: messages },
    { method: 'POST', path: '/api/exchanges/:id/pin', demand: 'key', serve: pin },
    { method: 'POST', path: '/api/exchanges/:id/note', demand: 'key', serve: note },
  ];
}

const FULL = { status: 409, code: 'ERR_FULL' };

/** Throws `BadCall` when there is none. */
export function findExchange({ exchanges }: Capture, id: string): KeptExchange {
  const captured = exchanges.find(id);
  if (captured === undefined) throw notFound('There is no such exchange, or it was dropped for lack of room.');
  return captured;
}

/** The filter of a query. Throws `BadCall` for one that is none. */
export function filterOf(query: URLSearchParams): Filter {
  const parsed = parseFilter(query.get('filter') ?? '');
  if ('filter' in parsed) return parsed.filter;
  throw new BadCall(parsed.problem.message, { status: 400, code: 'ERR_FILTER_INVALID' });
}

/** Always a download of bytes: what a target sends is never shown as a document of this origin. */
async function bodyReply(body: KeptBody, headers: RawHeaders, query: URLSearchParams): Promise<Reply> {
  const bytes = body.read();
  if (query.get('decoded') !== '1') return bytesReply(bytes, {});
  const encoding = fieldValue(headers, 'content-encoding') ?? null;
  const decoded = await decodeBody(bytes, encoding, MAX_DECODED_BYTES);
  return bytesReply(decoded.bytes, {
    ...(decoded.isCut && { 'Postern-Decoded-Cut': String(decoded.bytes.length) }),
    ...(decoded.problem !== undefined && { 'Postern-Decode-Error': decoded.problem.replace(/[^\x20-\x7e]/g, '?') }),
  });
}

function bytesReply(body: Buffer, headers: Readonly<Record<string, string>>): Reply {
  const fixed = {
    'Content-Type': 'application/octet-stream',
    'Content-Disposition': 'attachment; filename="body.bin"',
  };
  return { status: 200, headers: { ...fixed, ...headers }, body };
}
