/** A request as a text to copy has it: sent to the target itself, with or without secrets. */
import { forEachField } from '../../http/fields.js';
import { mediaType, visibleHeaders } from './describe.js';
import type { KeptExchange } from './kept-exchange.js';
import { type Masks, maskedBytes, maskedUrl } from './masks.js';
import { BadCall } from './reply.js';
import type { HeaderRow } from './wire.js';

export interface CopiedRequest {
  readonly method: string;
  readonly url: string;
  readonly path: string;
  /** The path of the socket of a target that listens on one. */
  readonly socketPath: string | undefined;
  readonly headers: readonly HeaderRow[];
  readonly body: CopiedBody | undefined;
}

/** `text` where all programs agree on what it means: UTF-8 without control characters but line ends and tabs. */
export interface CopiedBody {
  readonly bytes: Buffer;
  readonly text: string | undefined;
}

// Of the connection, or computed by what sends the request.
const LEFT_OUT: ReadonlySet<string> = new Set(['content-length', 'host', 'transfer-encoding', 'connection']);

const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/;

/** Throws `BadCall` for a WebSocket, and for a body of which only a part is kept. */
export function copiedRequest(captured: KeptExchange, target: string, masks: Masks | undefined): CopiedRequest {
  const { head, requestBody } = captured;
  if (captured.isWebSocket) throw new BadCall('A WebSocket cannot be copied as one request.');
  if (requestBody.kept < requestBody.bytes)
    throw new BadCall(
      `Only the first ${requestBody.kept} of the ${requestBody.bytes} bytes of its body were kept: it cannot be copied whole.`,
    );
  const isSocket = target.startsWith('unix:');
  const path = text(masks === undefined ? head.path : maskedUrl(head.path));
  const headers: HeaderRow[] = [];
  forEachField(visibleHeaders(head.headers), (name, value) => {
    if (!LEFT_OUT.has(name)) headers.push([name, text(masks?.header(name, value) ?? value)]);
  });
  return {
    method: head.method,
    url: `${isSocket ? 'http://localhost' : target.replace(/\/$/, '')}${path.replaceAll('#', '%23')}`, // no client sends what it takes for a fragment
    path,
    socketPath: isSocket ? decodeURIComponent(target.slice('unix:'.length)) : undefined,
    headers,
    body: requestBody.bytes === 0 ? undefined : bodyOf(requestBody.read(), mediaType(head.headers), masks),
  };
}

function bodyOf(bytes: Buffer, type: string | null, masks: Masks | undefined): CopiedBody {
  const shown = (masks === undefined ? undefined : maskedBytes(bytes, type)) ?? readUtf8(bytes);
  if (shown === undefined) return { bytes, text: undefined };
  return { bytes: Buffer.from(shown), text: CONTROL.test(shown) ? undefined : shown };
}

/** Bytes as the wire has them, one in each code unit, as text where they are UTF-8. */
function text(value: string): string {
  return /^[\x20-\x7e]*$/.test(value) || /[^\x00-\xff]/.test(value)
    ? value
    : (readUtf8(Buffer.from(value, 'latin1')) ?? value);
}

function readUtf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
