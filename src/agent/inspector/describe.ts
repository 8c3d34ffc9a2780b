/** Rows and details of what was captured, as the API sends them. */
import { trimOws } from '../../core/white-space.js';
import { fieldValue, type RawHeaders } from '../../http/fields.js';
import { readEmail } from '../target/request-record.js';
import { isEventStream } from './captured.js';
import { graphqlOperation } from './graphql-operation.js';
import type { KeptBody, KeptExchange } from './kept-exchange.js';
import type { Masks } from './masks.js';
import type {
  Body,
  Exchange,
  ExchangeDetail,
  ExchangeIdentity,
  ExchangeKind,
  ExchangeState,
  HeaderRow,
  Timing,
} from './wire.js';

/** What the edge tells the agent about a request, and the target is not told. */
const RULE = 'postern-rule';
const EDGE_MS = 'postern-edge-ms';

// The claims of an assertion are shown, and this is no place for longer ones.
const MAX_ASSERTION_CHARS = 16_384;

export function describeRow(captured: KeptExchange): Exchange {
  const { head, response, failure } = captured;
  const { headers } = head;
  return {
    id: captured.id,
    seq: captured.seq,
    tunnel: captured.tunnel.name,
    kind: kindOf(captured),
    state: stateOf(captured),
    startedAt: captured.startedAtMs,
    method: captured.isWebSocket ? 'GET' : head.method,
    path: head.path,
    status: response?.status ?? null,
    type: response === undefined ? null : mediaType(response.headers),
    requestBytes: captured.requestBody.bytes,
    responseBytes: captured.responseBody.bytes,
    person: captured.person ?? null,
    rule: readEmail(fieldValue(headers, RULE)) ?? null,
    timing: timingOf(captured),
    ...(failure !== undefined && { failure }),
    requestId: fieldValue(headers, 'x-request-id') ?? null,
    replayOf: captured.replayOf ?? null,
    pinned: captured.isPinned,
    note: captured.note,
    operation: graphqlOperation(captured) ?? null,
  };
}

/** With secrets when there are no masks. */
export function describeDetail(captured: KeptExchange, masks: Masks | undefined): ExchangeDetail {
  const { head, response, requestBody, responseBody, responseTrailers } = captured;
  const rows = (fields: RawHeaders) => masks?.headers(fields) ?? pairs(fields);
  return {
    ...describeRow(captured),
    request: { headers: rows(visibleHeaders(head.headers)), body: describeBody(requestBody, head.headers) },
    response:
      response === undefined
        ? null
        : {
            status: response.status,
            headers: rows(response.headers),
            trailers: rows(responseTrailers),
            body: describeBody(responseBody, response.headers),
          },
    identity: identityOf(head.headers),
    masked: masks !== undefined,
  };
}

/** The headers of a request but those by which the edge speaks to the agent. */
export function visibleHeaders(headers: RawHeaders): string[] {
  return headers.filter((_, at) => !(headers[at - (at % 2)] as string).startsWith('postern-'));
}

/** The media type of a message, in lower case, without parameters. */
export function mediaType(headers: RawHeaders): string | null {
  const value = trimOws(fieldValue(headers, 'content-type')?.split(';', 1)[0] ?? '');
  return value === '' ? null : value.toLowerCase();
}

export function kindOf({ isWebSocket, response }: KeptExchange): ExchangeKind {
  if (isWebSocket) return 'websocket';
  return response !== undefined && isEventStream(response) ? 'events' : 'http';
}

export function stateOf({ endedMs, failure, isAborted }: KeptExchange): ExchangeState {
  if (endedMs === undefined) return 'open';
  if (isAborted) return 'aborted';
  return failure === undefined ? 'done' : 'failed';
}

function describeBody({ bytes, kept }: KeptBody, headers: RawHeaders): Body | null {
  if (bytes === 0) return null;
  const type = fieldValue(headers, 'content-type') ?? null;
  return { bytes, kept, type, encoding: fieldValue(headers, 'content-encoding') ?? null };
}

function timingOf({ head, linkMs, firstByteMs, endedMs }: KeptExchange): Timing {
  const edgeMs = Number(fieldValue(head.headers, EDGE_MS) ?? Number.NaN);
  const isWhole = firstByteMs !== undefined && endedMs !== undefined;
  return {
    edgeMs: edgeMs >= 0 ? edgeMs : null,
    linkMs: rounded(linkMs),
    firstByteMs: rounded(firstByteMs),
    bodyMs: rounded(isWhole ? endedMs - firstByteMs : undefined),
    totalMs: rounded(endedMs),
  };
}

function rounded(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms * 100) / 100;
}

/** The claims of the assertion. Its signature was not checked: edge and agent have checked each other. */
function identityOf(headers: RawHeaders): ExchangeIdentity | null {
  const assertion = fieldValue(headers, 'x-postern-assertion');
  if (assertion === undefined || assertion.length > MAX_ASSERTION_CHARS) return null;
  try {
    const claims = JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString()) as Record<
      string,
      unknown
    >;
    const { sub, email, iss, groups } = claims;
    const listed = Array.isArray(groups) ? groups.filter((group) => typeof group === 'string') : [];
    return { sub: text(sub), email: text(email), issuer: text(iss), groups: listed };
  } catch {
    return null; // an edge that writes others
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function pairs(fields: RawHeaders): HeaderRow[] {
  const rows: HeaderRow[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) rows.push([fields[at] as string, fields[at + 1] as string]);
  return rows;
}
