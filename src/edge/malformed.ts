/**
 * What a socket gets whose bytes never became a request: too large, too slow or not HTTP. The one answer that is
 * written by hand, since `node:http` has no answer object for it.
 */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { PosternError } from '../errors.js';
import { PAGE_HEADERS, renderPage } from './page.js';
import { isAnswering } from './turns.js';

/** For the server's `clientError` event. */
export function answerMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET' || isAnswering(socket)) {
    socket.destroy();
    return;
  }
  const { status, code, text } = translate(error);
  const page = renderPage({
    title: status === 431 ? 'Too many cookies' : 'Bad request',
    blocks: [{ kind: 'text', text }],
    facts: [['Error', code]],
  });
  const headers = { ...PAGE_HEADERS, 'Content-Type': 'text/html; charset=utf-8', 'Postern-Error': code };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  lines.unshift(`HTTP/1.1 ${status} ${STATUS_CODES[status]}`);
  lines.push(`Content-Length: ${Buffer.byteLength(page)}`, 'Connection: close');
  socket.end(`${lines.join('\r\n')}\r\n\r\n${page}`, () => socket.destroy());
}

function translate(error: NodeJS.ErrnoException): PosternError {
  if (error.code === 'HPE_HEADER_OVERFLOW') return new PosternError('ERR_HEADERS_TOO_LARGE');
  return new PosternError('ERR_BAD_REQUEST', error.message, { cause: error });
}
