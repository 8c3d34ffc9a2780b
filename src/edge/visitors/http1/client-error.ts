/**
 * The response to bytes that never became a request: too large, too slow or not HTTP. `node:http` has no response object for
 * them, so this one is written to the socket. It has an id and a line in the log like any other.
 */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { PosternError } from '../../../errors.js';
import { writeResponseHead } from '../../../http1/response-writer.js';
import type { Observer } from '../../ops/observer.js';
import { peerAddress } from '../../request/client-address.js';
import { refusalPage } from '../refusal-page.js';
import { endSocketWithLinger } from './lingering-close.js';
import { responseStarted, whenReceivedDone } from './pipelining.js';

// Sockets whose response waits for its turn, or has left.
const refused = new WeakSet<Duplex>();
/** What `node:http` adds to an error of its parser. */
interface ParserError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer;
  readonly bytesParsed?: number;
}

/** Makes what listens to the server's `clientError` event. */
export function clientErrorListener(observer: Observer): (error: ParserError, socket: Duplex) => void {
  return (error, socket) => {
    // The client has disconnected, so there is no one to respond to.
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    if (refused.has(socket)) return; // the parser's last word, at the visitor's end
    refused.add(socket);
    const refusal = translate(error);
    const requestId = randomUUID();
    const address = peerAddress(socket as Socket); // the sockets of `node:http` are of `node:net`
    drop(socket);
    if (responseStarted(socket)) {
      // A response is in progress: bytes written now would become a part of it.
      observer.emit({ kind: 'malformed', requestId, address, status: 0, error: refusal });
      return void socket.destroy();
    }
    // In its turn (RFC 9112 section 9.3.2): what was asked for before it is answered first.
    whenReceivedDone(socket, () => {
      const isHeard = socket.writable && !responseStarted(socket);
      const status = isHeard ? refusal.status : 0;
      observer.emit({ kind: 'malformed', requestId, address, status, error: refusal });
      if (isHeard) endSocketWithLinger(socket, writeResponse(refusal, requestId));
      else socket.destroy();
    });
  };
}

/** Reads on without a parser, which would report each further chunk as an error of its own. */
function drop(socket: Duplex): void {
  socket.removeAllListeners('data');
  socket.on('data', () => {});
}

function writeResponse(error: PosternError, requestId: string): string {
  const page = refusalPage(error, requestId);
  const fields = {
    ...page.headers,
    Date: new Date().toUTCString(),
    'Postern-Error': error.code,
    'X-Request-Id': requestId,
    'Content-Length': String(Buffer.byteLength(page.text)),
    Connection: 'close',
  };
  return writeResponseHead(error.status, Object.entries(fields).flat()) + page.text;
}

// A whole request line (RFC 9112 section 3) whose method is a token. Bounded: it is looked for in what strangers send.
const REQUEST_LINE = /^[!#$%&'*+.^`|~\w-]{1,64} [\x21-\xff]{1,65536} HTTP\/1\.[01]\r?\n/;

/** Whether the parser stopped at a method that it does not know, and not at something that is no HTTP at all. */
function isUnknownMethod({ code, rawPacket, bytesParsed }: ParserError): boolean {
  if (code !== 'HPE_INVALID_METHOD' || rawPacket === undefined || bytesParsed === undefined) return false;
  const start = bytesParsed === 0 ? 0 : rawPacket.lastIndexOf('\n', bytesParsed - 1) + 1;
  return REQUEST_LINE.test(rawPacket.toString('latin1', start));
}

// The first two bytes of a TLS handshake (RFC 8446 section 5.1), which are no method.
function isTls({ code, rawPacket }: ParserError): boolean {
  return code === 'HPE_INVALID_METHOD' && rawPacket?.[0] === 0x16 && rawPacket[1] === 0x03;
}

function translate(error: ParserError): PosternError {
  if (isTls(error)) return new PosternError('ERR_BAD_REQUEST', 'TLS on a port for plain HTTP', { cause: error });
  // RFC 9110 section 9.1.
  if (isUnknownMethod(error)) return new PosternError('ERR_METHOD_UNKNOWN', error.message, { cause: error });
  if (error.code === 'HPE_HEADER_OVERFLOW') return new PosternError('ERR_HEADERS_TOO_LARGE');
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return new PosternError('ERR_REQUEST_TIMEOUT');
  return new PosternError('ERR_BAD_REQUEST', error.message, { cause: error });
}
