/**
 * A WebSocket of the target: extended CONNECT on the link (RFC 8441) becomes an HTTP/1.1 upgrade (RFC 6455 section 4),
 * after which bytes are spliced unread, so that subprotocols, extensions and close codes pass as they are.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { headerValue, headerValues, type RawHeaders } from '../core/headers.js';
import { splice } from '../core/splice.js';
import { PosternError } from '../errors.js';
import type { Answer, TargetContext } from './answer.js';
import { answerHeaders } from './answer-headers.js';
import type { OldInbound as InboundStream } from './old-inbound.js';
import { type PublicPlace, readPublicPlace, targetHeaders } from './target-headers.js';

// RFC 6455 section 1.3.
const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Opens a WebSocket at the target. An answer other than 101 is passed on with its status and body. */
export function serveWebSocket(context: TargetContext, stream: InboundStream, answer: Answer): void {
  const place = readPublicPlace(stream.head);
  const key = randomBytes(16).toString('base64');
  const headers = upgradeHeaders(targetHeaders(stream.head, context.target, place), key);
  const request = context.pool.request({ method: 'GET', path: stream.head.path, headers, connection: 'fresh' });
  let upgraded: Duplex | undefined;
  const destroy = () => {
    request.destroy();
    upgraded?.destroy();
  };
  const attempt = (step: () => void) => {
    try {
      step();
    } catch (thrown) {
      answer.fail(thrown);
      destroy();
    }
  };
  stream.onCancelled(() => {
    answer.abandon();
    destroy();
  });
  request.on('upgrade', (response, socket: Duplex, first) => {
    upgraded = socket;
    socket.on('error', (error) => context.log.debug({ err: error }, 'the WebSocket of the target failed'));
    attempt(() => {
      const accepted = acceptedHeaders(response, key, context, place);
      if (answer.begun) throw new PosternError('ERR_LINK_LOST', 'The visitor left.');
      answer.accept(accepted);
      if (first.length > 0) socket.unshift(first);
      join(context, stream, socket);
    });
  });
  request.on('response', (response) => {
    attempt(() => {
      refuseSuccess(response);
      stream.body.resume();
      answer.relay(response, place);
    });
  });
  request.on('error', (error) => {
    if (!answer.begun) answer.fail(error);
  });
  request.end();
}

function upgradeHeaders(headers: readonly string[], key: string): string[] {
  const kept: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] as string;
    if (name !== 'sec-websocket-key' && name !== 'sec-websocket-accept') kept.push(name, headers[at + 1] as string);
  }
  if (headerValue(kept, 'sec-websocket-version') === undefined) kept.push('sec-websocket-version', '13');
  return [...kept, 'connection', 'Upgrade', 'upgrade', 'websocket', 'sec-websocket-key', key];
}

// The visitor's key is the edge's to answer: ours and its proof end here.
function acceptedHeaders(response: IncomingMessage, key: string, context: TargetContext, place: PublicPlace): string[] {
  const raw = response.rawHeaders;
  const accept = headerValues(raw, 'sec-websocket-accept');
  const expected = createHash('sha1')
    .update(key + ACCEPT_SUFFIX)
    .digest('base64');
  const upgrade = headerValue(raw, 'upgrade')?.toLowerCase();
  if (response.statusCode !== 101 || upgrade !== 'websocket' || accept.length !== 1 || accept[0] !== expected) {
    throw new PosternError('ERR_TARGET_PROTOCOL', 'The target does not complete the WebSocket handshake.');
  }
  return without(answerHeaders(raw, 101, context.target, place), 'sec-websocket-accept');
}

function without(headers: RawHeaders, unwanted: string): string[] {
  const kept: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    if (headers[at] !== unwanted) kept.push(headers[at] as string, headers[at + 1] as string);
  }
  return kept;
}

// On the link any 2xx would accept the WebSocket (RFC 8441 section 5); from the target it does not.
function refuseSuccess(response: IncomingMessage): void {
  const status = response.statusCode ?? 0;
  if (status >= 300) return;
  response.on('error', () => undefined); // destroyed by the caller, which reports
  throw new PosternError('ERR_TARGET_PROTOCOL', `The target answers ${status} to a WebSocket handshake.`);
}

/** Joins the two byte streams, and lets the agent's close cut them. */
function join(context: TargetContext, stream: InboundStream, socket: Duplex): void {
  const cut = () => socket.destroy();
  context.webSockets.add(cut);
  socket.once('close', () => {
    if (!socket.readableEnded) stream.cancel();
  });
  splice(socket, stream.body, () => context.webSockets.delete(cut));
}
