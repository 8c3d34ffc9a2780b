/**
 * WebSockets of visitors: the same gate, then an extended CONNECT (RFC 8441) over the link, then two byte streams
 * spliced. The frames themselves are never read: subprotocols, extensions, close codes and sizes are the app's. Any
 * other upgrade is refused, `h2c` above all.
 */
import { createHash } from 'node:crypto';
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { splice } from '../core/splice.js';
import { asPosternError, PosternError } from '../errors.js';
import type { OutboundObserver, RequestHead, ResponseHead } from '../link/stream.js';
import { answerHeaders } from './answer-headers.js';
import { type Forward, type Forwarder, readAgentError } from './forward.js';
import { closeBehind } from './websocket-close.js';

// RFC 6455 section 1.3.
const KEY_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const KEY = /^[A-Za-z0-9+/]{22}==$/;

/** Throws for an upgrade that is not a WebSocket handshake (RFC 6455 section 4.2.1) from the tunnel's own origin. */
export function checkUpgrade(request: IncomingMessage, origin: string): void {
  const { headers, method } = request;
  const isWebSocket = headers.upgrade?.toLowerCase() === 'websocket' && method === 'GET';
  if (!isWebSocket) throw new PosternError('ERR_BAD_REQUEST', 'an upgrade that is not a WebSocket');
  if (headers['sec-websocket-version'] !== '13') throw new PosternError('ERR_BAD_REQUEST', 'WebSocket version');
  if (!KEY.test(headers['sec-websocket-key'] ?? '')) throw new PosternError('ERR_BAD_REQUEST', 'WebSocket key');
  // Sibling tunnels are same-site, so a cookie says nothing about who opened the socket: the origin does. Programs that
  // are no browsers send none.
  if (headers.origin !== undefined && headers.origin.toLowerCase() !== origin) {
    throw new PosternError('ERR_ACCESS_DENIED', 'a WebSocket from a foreign origin');
  }
}

/** An answer on the socket of an upgrade request, for everything that is not the 101. Closes the socket behind it. */
export function answerOn(request: IncomingMessage, socket: Socket): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => socket.end());
  socket.once('close', () => response.destroy());
  return response;
}

type Refuse = (request: IncomingMessage, response: ServerResponse, error: PosternError) => void;

/**
 * Forwards a WebSocket that the gate has let through. Never rejects. `early` is what came with the request's head.
 * Resolves, once the request is on its way, with the function that ends the WebSocket because its session has ended.
 */
export async function forwardUpgrade(
  request: IncomingMessage,
  socket: Socket,
  early: Buffer,
  verdict: Forward,
  forwarder: Forwarder,
  refuse: Refuse,
): Promise<() => void> {
  const response = answerOn(request, socket);
  let end = () => socket.destroy() as unknown;
  const fail = (error: PosternError) => {
    if (response.headersSent || socket.destroyed) socket.destroy();
    else refuse(request, response, error);
  };
  try {
    const head = webSocketHead(await forwarder.requestHead(request, verdict));
    if (socket.destroyed) return end;

    const accept = (answer: ResponseHead) => {
      response.detachSocket(socket);
      socket.write(switchingProtocols(request, answer, verdict));
      if (early.length > 0) socket.unshift(early);
      splice(socket, stream.body);
      end = closeBehind(stream.body, socket);
    };
    // The app answered with something else than a WebSocket: its answer is relayed, the socket is not tunnelled.
    const relay = (answer: ResponseHead, endOfBody: boolean) => {
      stream.body.end();
      try {
        forwarder.sendHead(response, answer, verdict, undefined);
      } catch (error) {
        stream.cancel();
        return fail(asPosternError(error));
      }
      if (endOfBody) response.end();
      else stream.body.pipe(response);
    };
    const observer: OutboundObserver = {
      informational: () => {},
      response: (answer, endOfBody) => {
        const isAccepted = answer.status === 200 && !endOfBody && readAgentError(answer) === undefined;
        if (isAccepted) accept(answer);
        else relay(answer, endOfBody);
      },
      trailers: () => {},
      failed: (error) => (response.socket === null ? socket.destroy() : fail(error)),
    };
    const stream = verdict.link.open(head, { endOfBody: false }, observer);
    socket.once('close', () => stream.cancel());
  } catch (error) {
    fail(asPosternError(error));
  }
  return () => end();
}

function webSocketHead(head: RequestHead): RequestHead {
  // The key proves to the visitor that we have read the handshake; the agent makes one of its own for the target.
  const headers: string[] = [];
  for (let at = 0; at + 1 < head.headers.length; at += 2) {
    const name = head.headers[at] as string;
    if (name !== 'sec-websocket-key') headers.push(name, head.headers[at + 1] as string);
  }
  return { ...head, method: 'CONNECT', protocol: 'websocket', headers };
}

function switchingProtocols(request: IncomingMessage, answer: ResponseHead, { tunnel, rule }: Forward): string {
  const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${KEY_SUFFIX}`).digest('base64');
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
  ];
  const fields = answerHeaders(answer.headers, { host: tunnel.host, isGated: rule !== 'public', cookie: undefined });
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = (fields[at] as string).toLowerCase();
    // Framing of a body that a 101 does not have, and what only we can compute.
    if (name === 'content-length' || name === 'sec-websocket-accept' || name === 'cache-control') continue;
    lines.push(`${fields[at]}: ${fields[at + 1]}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}
