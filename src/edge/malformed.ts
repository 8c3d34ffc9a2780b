/**
 * What a socket gets whose bytes never became a request: too large, too slow or not HTTP. The one answer that is
 * written by hand, since `node:http` has no answer object for it.
 */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { PosternError } from '../errors.js';
import { type Block, PAGE_HEADERS, renderPage } from './page.js';
import { isAnswering } from './turns.js';

/** How long what is left of a refused request is dropped: its visitor may be far away and still sending. */
const LINGER_MS = 2_000;

/** For the server's `clientError` event. */
export function answerMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET' || isAnswering(socket)) {
    socket.destroy();
    return;
  }
  const { status, code, text } = translate(error);
  const page = renderPage({
    title: status === 431 ? 'Too many cookies' : 'Bad request',
    blocks: [{ kind: 'text', text }, ...(status === 431 ? HOW_TO_CLEAR : [])],
    facts: [['Error', code]],
  });
  const headers = { ...PAGE_HEADERS, 'Content-Type': 'text/html; charset=utf-8', 'Postern-Error': code };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  lines.unshift(`HTTP/1.1 ${status} ${STATUS_CODES[status]}`);
  lines.push(`Content-Length: ${Buffer.byteLength(page)}`, 'Connection: close');
  closeBehind(socket, `${lines.join('\r\n')}\r\n\r\n${page}`);
}

/**
 * Sends the answer and closes in stages (RFC 9112 section 9.6): closed at once, the socket would be reset by what still
 * arrives, and the visitor would see a lost connection instead of the page.
 */
function closeBehind(socket: Duplex, answer: string): void {
  socket.removeAllListeners('data'); // the parser's: it would report each further chunk as an error of its own
  socket.on('data', () => {});
  socket.end(answer);
  socket.once('end', () => socket.destroy());
  const late = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once('close', () => clearTimeout(late));
}

// Nobody can be helped by a script here, nor by a header that would clear more than the cookies in question.
const HOW_TO_CLEAR: readonly Block[] = [
  {
    kind: 'text',
    text: 'Another site below the same domain may have set them. Remove the cookies of this address and of the domains above it, then reload.',
  },
  {
    kind: 'text',
    text: 'Chrome and Edge: the icon left of the address, then “Cookies and site data”. Firefox: the padlock, then “Clear cookies and site data”. Safari: Settings, Privacy, “Manage Website Data”.',
  },
];

function translate(error: NodeJS.ErrnoException): PosternError {
  if (error.code === 'HPE_HEADER_OVERFLOW') return new PosternError('ERR_HEADERS_TOO_LARGE');
  return new PosternError('ERR_BAD_REQUEST', error.message, { cause: error });
}
