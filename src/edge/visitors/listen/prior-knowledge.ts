/**
 * Tells HTTP/2 with prior knowledge (RFC 9113 section 3.3) from HTTP/1.1 in clear text: by the first bytes of a connection, which
 * in HTTP/2 are those of the client preface (section 3.4).
 */
import type { Socket } from 'node:net';
import { HEADERS_TIMEOUT_MS } from '../../request/limits.js';

// No request of HTTP/1.1 begins so: two bytes tell it from POST, three from PROPFIND.
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

const NOTHING = Buffer.alloc(0);

export interface Protocols {
  readonly http1: (socket: Socket) => void;
  /** `early`: what was read. */
  readonly http2: (socket: Socket, early: Buffer) => void;
}

/** The connections of which too little is known yet. */
export class UndecidedConnections {
  readonly #protocols: Protocols;
  readonly #waiting = new Set<Socket>();

  constructor(protocols: Protocols) {
    this.#protocols = protocols;
  }

  /** Takes over a connection until its first bytes are here, and then gives it away. It is closed when they take too long. */
  add(socket: Socket): void {
    let early: Buffer = NOTHING;
    this.#waiting.add(socket);
    const late = setTimeout(() => socket.destroy(), HEADERS_TIMEOUT_MS).unref();
    const leave = () => {
      clearTimeout(late);
      this.#waiting.delete(socket);
      socket.off('data', read).off('end', destroy).off('close', leave).off('error', destroy);
    };
    const read = (chunk: Buffer) => {
      early = early.length === 0 ? chunk : Buffer.concat([early, chunk]);
      const protocol = protocolOf(early);
      if (protocol === undefined) return;
      leave();
      if (protocol === 'http2') this.#protocols.http2(socket, early);
      else this.#giveBack(socket, early);
    };
    const destroy = () => socket.destroy();
    socket.on('data', read).on('end', destroy).on('close', leave).on('error', destroy);
  }

  /** Ends those that are waited for. */
  close(): void {
    for (const socket of this.#waiting) socket.destroy();
  }

  #giveBack(socket: Socket, early: Buffer): void {
    socket.pause();
    if (early.length > 0) socket.unshift(early);
    this.#protocols.http1(socket);
    socket.resume();
  }
}

function protocolOf(bytes: Buffer): 'http1' | 'http2' | undefined {
  const length = Math.min(bytes.length, PREFACE.length);
  if (PREFACE.compare(bytes, 0, length, 0, length) !== 0) return 'http1';
  return length === PREFACE.length ? 'http2' : undefined;
}
