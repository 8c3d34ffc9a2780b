/**
 * What a socket gets whose bytes never became a request: too large, too slow or not HTTP. The one answer that is
 * written by hand, since `node:http` has no answer object for it. It has an id and a line in the log as any other.
 */
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { PosternError } from '../errors.js';
import type { Observer } from './observer.js';
import { PAGE_HEADERS, renderPage } from './page.js';
import { isAnswering } from './turns.js';

const TITLES: Readonly<Partial<Record<PosternError['code'], string>>> = {
  ERR_HEADERS_TOO_LARGE: 'Too many cookies',
  ERR_REQUEST_TIMEOUT: 'Too slow',
};

/** Makes what listens to the server's `clientError` event. */
export function malformedListener(observer: Observer): (error: NodeJS.ErrnoException, socket: Duplex) => void {
  return (error, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy(); // nobody is left, nothing was asked
    const refusal = translate(error);
    const requestId = randomUUID();
    const isHeard = !isAnswering(socket);
    const address = (socket as Socket).remoteAddress ?? ''; // the sockets of `node:http` are of `node:net`
    observer.malformed({ requestId, address, status: isHeard ? refusal.status : 0 }, refusal);
    if (isHeard) socket.end(writeAnswer(refusal, requestId), () => socket.destroy());
    else socket.destroy();
  };
}

function writeAnswer({ status, code, text }: PosternError, requestId: string): string {
  const page = renderPage({
    title: TITLES[code] ?? 'Bad request',
    blocks: [{ kind: 'text', text }],
    facts: [
      ['Error', code],
      ['Request', requestId],
    ],
  });
  const headers = {
    ...PAGE_HEADERS,
    'Content-Type': 'text/html; charset=utf-8',
    'Postern-Error': code,
    'X-Request-Id': requestId,
    'Content-Length': Buffer.byteLength(page),
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return `${[`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines].join('\r\n')}\r\n\r\n${page}`;
}

function translate(error: NodeJS.ErrnoException): PosternError {
  if (error.code === 'HPE_HEADER_OVERFLOW') return new PosternError('ERR_HEADERS_TOO_LARGE');
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return new PosternError('ERR_REQUEST_TIMEOUT');
  return new PosternError('ERR_BAD_REQUEST', error.message, { cause: error });
}
