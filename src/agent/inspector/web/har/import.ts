/**
 * Reads a HAR 1.2 file of any maker into exchanges that the page shows as if they were live, read-only. Nothing in the file is
 * trusted: what is missing or of the wrong type is left out, and all of it is bounded.
 */
import type { Exchange, ExchangeDetail, HeaderRow, Message } from '../../wire.js';
import { mediaTypeOf } from '../body/kind.js';
import { type Content, contentOf } from './content.js';
import { messagesOf } from './messages.js';
import { amountOf, elementsOf, type Fields, fieldsOf, textOf, textOrNull, timeOf } from './values.js';

export interface RecordedExchange {
  readonly detail: ExchangeDetail;
  readonly requestBody: Uint8Array;
  readonly responseBody: Uint8Array;
  readonly messages: readonly Message[];
}

export interface Recording {
  readonly name: string;
  /** In the order of the file. */
  readonly exchanges: readonly RecordedExchange[];
  /** Entries beyond the bound, or that are none. */
  readonly leftOut: number;
}

/** What cannot be shown, in one sentence. */
export interface HarProblem {
  readonly problem: string;
}

export const MAX_HAR_BYTES = 100_000_000;
export const MAX_ENTRIES = 10_000;
const MAX_HEADERS = 500;

export function importHar(name: string, text: string): Recording | HarProblem {
  if (text.length > MAX_HAR_BYTES) return { problem: `${name} is too large: at most 100 MB can be opened.` };
  let file: unknown;
  try {
    file = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return { problem: `${name} is not a HAR file: it is not JSON.` };
  }
  const { entries } = fieldsOf(fieldsOf(file)['log']) as { readonly entries?: unknown };
  if (!Array.isArray(entries)) return { problem: `${name} is not a HAR file: it has no “log.entries”.` };
  const exchanges = elementsOf(entries, MAX_ENTRIES).flatMap((entry, at) => {
    const request = fieldsOf(fieldsOf(entry)['request']);
    return typeof request['url'] === 'string' ? [readEntry(fieldsOf(entry), request, at)] : [];
  });
  return { name, exchanges, leftOut: entries.length - exchanges.length };
}

function readEntry(entry: Fields, request: Fields, at: number): RecordedExchange {
  const response = fieldsOf(entry['response']);
  const sent = contentOf(fieldsOf(request['postData']), amountOf(request['bodySize']));
  const received = contentOf(fieldsOf(response['content']), null);
  const messages = messagesOf(entry['_webSocketMessages']);
  const detail: ExchangeDetail = {
    ...readRow(entry, request, at),
    kind: kindOf(entry, received, messages),
    requestBytes: sent.body?.bytes ?? 0,
    responseBytes: received.body?.bytes ?? 0,
    request: { headers: headersOf(request['headers']), body: sent.body },
    response: readResponse(response, received),
    identity: null,
    masked: false,
  };
  return { detail, requestBody: sent.bytes, responseBody: received.bytes, messages };
}

function readRow(entry: Fields, request: Fields, at: number): Exchange {
  const response = fieldsOf(entry['response']);
  const status = statusOf(response['status']);
  const url = textOf(request['url']);
  return {
    id: `har-${at}`,
    seq: at + 1,
    tunnel: textOf(entry['_tunnel'], 63) || hostOf(url),
    kind: 'http',
    state: status === null ? 'failed' : 'done',
    startedAt: timeOf(entry['startedDateTime']),
    method: textOf(request['method'], 64) || 'GET',
    path: pathOf(url),
    status,
    type: mediaTypeOf(textOrNull(fieldsOf(response['content'])['mimeType'])) || null,
    requestBytes: 0,
    responseBytes: 0,
    person: textOrNull(entry['_person'], 320),
    rule: textOrNull(entry['_rule'], 320),
    timing: timingOf(entry),
    ...(typeof response['_error'] === 'string' && { failure: textOf(response['_error'], 2_000) }),
    requestId: null,
    replayOf: null,
    pinned: false,
    note: textOf(entry['comment'], 2_000),
    operation: null,
  };
}

function readResponse(response: Fields, { body }: Content): ExchangeDetail['response'] {
  const status = statusOf(response['status']);
  if (status === null) return null;
  return { status, headers: headersOf(response['headers']), trailers: [], body };
}

function kindOf(entry: Fields, { body }: Content, messages: readonly Message[]): Exchange['kind'] {
  if (messages.length > 0 || entry['_resourceType'] === 'websocket') return 'websocket';
  return mediaTypeOf(body?.type ?? null) === 'text/event-stream' ? 'events' : 'http';
}

// HAR 1.2: `wait` is to the first byte, `receive` from there on; `blocked` is what the edge took in a file of Postern.
function timingOf(entry: Fields): Exchange['timing'] {
  const { blocked, dns, connect, send, wait, receive } = fieldsOf(entry['timings']);
  const before = [dns, connect, send].map(amountOf).filter((ms) => ms !== null && ms > 0);
  return {
    edgeMs: amountOf(blocked),
    linkMs: before.length === 0 ? null : before.reduce<number>((sum, ms) => sum + (ms ?? 0), 0),
    firstByteMs: amountOf(wait),
    bodyMs: amountOf(receive),
    totalMs: amountOf(entry['time']),
  };
}

function headersOf(value: unknown): HeaderRow[] {
  return elementsOf(value, MAX_HEADERS).flatMap((row): HeaderRow[] => {
    const { name, value: text } = fieldsOf(row);
    return typeof name === 'string' ? [[textOf(name, 1_000), textOf(text)]] : [];
  });
}

// HAR says 0 where there was no response.
function statusOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value >= 100 && value <= 999 ? value : null;
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : '';
}

function pathOf(url: string): string {
  return /^[a-z][a-z\d+.-]*:\/\/[^/?#]*([^#]*)/i.exec(url)?.[1] || (url.startsWith('/') ? url : '/');
}
