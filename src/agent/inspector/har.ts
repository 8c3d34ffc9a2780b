/**
 * Exchanges as a HAR 1.2 file (http://www.softwareishard.com/blog/har-12-spec/), written piece by piece: it may be as large as
 * all that is kept.
 */
import { STATUS_CODES } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fieldValue, type RawHeaders } from '../../http/fields.js';
import { decodeBody } from './body-decoding.js';
import { search } from './content-search.js';
import { describeDetail, mediaType } from './describe.js';
import type { Exchanges } from './exchanges.js';
import type { Filter } from './filter.js';
import type { KeptBody, KeptExchange } from './kept-exchange.js';
import { type Masks, maskedBody, maskedBytes, maskedUrl } from './masks.js';
import type { ExchangeDetail, HeaderRow, Message } from './wire.js';

export interface HarOptions {
  readonly filter: Filter;
  /** Undefined for a file with secrets. */
  readonly masks: Masks | undefined;
  readonly version: string;
}

// Of a body after decoding.
const MAX_CONTENT_BYTES = 4_194_304;

/** The text of the file, the oldest exchange first. */
export async function* harText(exchanges: Exchanges, options: HarOptions): AsyncGenerator<string> {
  const { filter, masks, version } = options;
  const creator = JSON.stringify({ name: 'Postern', version });
  yield `{"log":{"version":"1.2","creator":${creator},"pages":[],"entries":[`;
  let isFirst = true;
  const ids = Array.from(exchanges.newestFirst(), ({ id }) => id);
  for (const id of ids.reverse()) {
    const captured = exchanges.find(id);
    if (captured === undefined) continue; // dropped meanwhile
    const { rows } = await search([captured], filter, 1);
    if (rows.length === 0) continue;
    const entry = JSON.stringify(await harEntry(captured, masks));
    yield isFirst ? entry : `,${entry}`;
    isFirst = false;
    await nextTurn();
  }
  yield ']}}';
}

async function harEntry(captured: KeptExchange, masks: Masks | undefined): Promise<object> {
  const detail = describeDetail(captured, masks);
  const { timing, note, person, rule } = detail;
  return {
    startedDateTime: new Date(captured.startedAtMs).toISOString(),
    time: timing.totalMs ?? 0,
    request: await harRequest(captured, detail, masks),
    response: await harResponse(captured, detail, masks),
    cache: {},
    timings: {
      blocked: timing.edgeMs ?? -1,
      dns: -1,
      connect: -1,
      ssl: -1,
      send: 0,
      wait: timing.firstByteMs ?? 0,
      receive: timing.bodyMs ?? 0,
    },
    ...(note !== '' && { comment: note }),
    _tunnel: captured.tunnel.name,
    ...(person !== null && { _person: person }),
    ...(rule !== null && { _rule: rule }),
    ...(detail.kind !== 'http' && { _resourceType: detail.kind === 'websocket' ? 'websocket' : 'eventsource' }),
    ...(detail.kind === 'websocket' && {
      _webSocketMessages: captured.messages
        ?.read(0, Number.MAX_SAFE_INTEGER)
        .map((message) => harMessage(message, masks)),
    }),
  };
}

async function harRequest(
  { head, requestBody, tunnel }: KeptExchange,
  { method, path, request }: ExchangeDetail,
  masks: Masks | undefined,
): Promise<object> {
  const shown = masks === undefined ? path : maskedUrl(path);
  const content = await contentOf(requestBody, head.headers, masks);
  const query = shown.includes('?') ? shown.slice(shown.indexOf('?') + 1) : '';
  return {
    method,
    url: `${tunnel.url}${shown}`,
    httpVersion: 'HTTP/1.1',
    cookies: [],
    headers: request.headers.map(harPair),
    queryString: query === '' ? [] : query.split('&').map((pair) => harPair(splitPair(pair))),
    headersSize: -1,
    bodySize: requestBody.bytes,
    ...(requestBody.bytes > 0 && { postData: { mimeType: content.mimeType, text: content.text, ...content.encoded } }),
  };
}

async function harResponse(
  { responseBody }: KeptExchange,
  detail: ExchangeDetail,
  masks: Masks | undefined,
): Promise<object> {
  const { response, failure } = detail;
  const headers = response?.headers ?? [];
  const plain = headers.flat();
  const content = await contentOf(responseBody, plain, masks);
  const isPart = responseBody.kept < responseBody.bytes;
  return {
    status: response?.status ?? 0,
    statusText: STATUS_CODES[response?.status ?? 0] ?? '',
    httpVersion: 'HTTP/1.1',
    cookies: [],
    headers: headers.map(harPair),
    content: {
      size: content.size,
      mimeType: content.mimeType,
      text: content.text,
      ...content.encoded,
      ...(isPart && { comment: `the first ${responseBody.kept} of ${responseBody.bytes} bytes` }),
    },
    redirectURL: fieldValue(plain, 'location') ?? '',
    headersSize: -1,
    bodySize: responseBody.bytes,
    ...(failure !== undefined && { _error: failure }),
  };
}

interface Content {
  readonly size: number;
  readonly mimeType: string;
  readonly text: string;
  readonly encoded: { readonly encoding?: 'base64' };
}

async function contentOf(body: KeptBody, headers: RawHeaders, masks: Masks | undefined): Promise<Content> {
  const { bytes } = await decodeBody(body.read(), fieldValue(headers, 'content-encoding') ?? null, MAX_CONTENT_BYTES);
  const mimeType = fieldValue(headers, 'content-type') ?? '';
  const text = bytes.toString('utf8');
  const masked = masks === undefined ? undefined : maskedBytes(bytes, mediaType(headers));
  if (masked === undefined && text.includes('\ufffd'))
    return { size: bytes.length, mimeType, text: bytes.toString('base64'), encoded: { encoding: 'base64' } };
  return { size: bytes.length, mimeType, text: masked ?? text, encoded: {} };
}

function harPair([name, value]: HeaderRow): { name: string; value: string } {
  return { name, value };
}

function splitPair(pair: string): HeaderRow {
  const at = pair.indexOf('=');
  return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
}

// As Chromium's developer tools write it.
function harMessage({ from, at, kind, text, base64 }: Message, masks: Masks | undefined): object {
  const shown = text === null || masks === undefined ? text : maskedBody(text, 'application/json');
  const data = shown ?? base64 ?? '';
  const opcode = { text: 1, binary: 2, close: 8, ping: 9, pong: 10, event: 1 }[kind];
  return { type: from === 'visitor' ? 'send' : 'receive', time: at / 1000, opcode, data };
}
