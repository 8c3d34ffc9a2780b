/**
 * What unfinished request heads may hold, of one network and of all together. `node:http` shows nothing of a head before
 * it is whole, so the bytes are counted by what a socket has read since its last request, and looked at twice a second, or
 * twenty times while there are many.
 * Who holds the most is cut first: a phone on a slow line holds a kilobyte for some seconds, never sixty.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { peerAddress } from '../../request/client-address.js';
import { MAX_HEADER_BYTES, network, UNFINISHED_HEADS } from '../../request/limits.js';
import { hasBody, isChunked } from './request-body.js';

const LOOK_INTERVAL_MS = 500;

// While an eighth of the budget is taken: the rest would come within half a second on a fast network.
const BUSY_LOOK_INTERVAL_MS = 50;

const READING = Symbol('what was read of a connection');

/** One for each connection, and none for each request. */
interface Reading {
  /** What had been read when the last head was whole, and how much of that lay behind this head. */
  readBytes: number;
  surplusBytes: number;
  last: IncomingMessage | undefined;
}

type Read = Socket & { [READING]?: Reading };

export interface HeadBudgetOptions {
  /** Whether an address is a reverse proxy's: all visitors have it, so it counts only among all. */
  readonly isProxy: (address: string) => boolean;
  /** Told of each connection that is cut. */
  readonly cut: (address: string) => void;
  readonly limits?: { readonly maxBytes: number; readonly maxBytesOfOne: number };
}

export class HeadBudget {
  readonly #options: HeadBudgetOptions;
  readonly #sockets = new Set<Read>();
  #timer: NodeJS.Timeout;

  /** Follows the connections of a server until it closes. */
  constructor(server: Server, options: HeadBudgetOptions) {
    this.#options = options;
    const request = (message: IncomingMessage) => headEnded(message);
    for (const event of ['request', 'checkContinue', 'checkExpectation']) server.prependListener(event, request);
    server.on('connection', (socket: Socket) => this.#opened(socket));
    server.prependListener('upgrade', (_request, socket) => this.#sockets.delete(socket as Socket));
    server.prependListener('connect', (_request, socket) => this.#sockets.delete(socket as Socket));
    this.#timer = this.#lookIn(LOOK_INTERVAL_MS);
    server.once('close', () => clearTimeout(this.#timer));
  }

  #lookIn(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      const { maxBytes } = this.#options.limits ?? UNFINISHED_HEADS;
      this.#timer = this.#lookIn(this.look() > maxBytes / 8 ? BUSY_LOOK_INTERVAL_MS : LOOK_INTERVAL_MS);
    }, ms).unref();
  }

  /** Cuts the connections that are past the budget. Gives the bytes that were found, of those that were cut as well. */
  look(): number {
    const { maxBytes, maxBytesOfOne } = this.#options.limits ?? UNFINISHED_HEADS;
    const holders: Holder[] = [];
    for (const socket of this.#sockets) {
      const bytes = unfinishedBytes(socket);
      if (bytes > 0 && !socket.destroyed) holders.push({ socket, bytes, address: peerAddress(socket) });
    }
    for (const ofOne of this.#byNetwork(holders).values()) this.#cutDownTo(maxBytesOfOne, ofOne);
    this.#cutDownTo(maxBytes, holders);
    return holders.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  #opened(socket: Read): void {
    // Some bytes were read before, and are read again: the first ones (listen/prior-knowledge.ts), and a request that comes
    // back from an offer to switch protocols (upgrade-offer.ts).
    socket[READING] = { readBytes: socket.bytesRead - socket.readableLength, surplusBytes: 0, last: undefined };
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #byNetwork(holders: readonly Holder[]): Map<string, Holder[]> {
    const networks = new Map<string, Holder[]>();
    for (const holder of holders) {
      if (this.#options.isProxy(holder.address)) continue;
      const name = network(holder.address);
      const known = networks.get(name);
      if (known === undefined) networks.set(name, [holder]);
      else known.push(holder);
    }
    return networks;
  }

  #cutDownTo(maxBytes: number, holders: readonly Holder[]): void {
    const left = holders.filter(({ socket }) => !socket.destroyed);
    let bytes = left.reduce((sum, holder) => sum + holder.bytes, 0);
    if (bytes <= maxBytes) return;
    for (const holder of left.sort((one, other) => other.bytes - one.bytes)) {
      holder.socket.destroy();
      this.#options.cut(holder.address);
      bytes -= holder.bytes;
      if (bytes <= maxBytes) return;
    }
  }
}

interface Holder {
  readonly socket: Socket;
  readonly bytes: number;
  readonly address: string;
}

function headEnded(request: IncomingMessage): void {
  const reading = (request.socket as Read)[READING];
  if (reading === undefined) return;
  const { bytesRead } = request.socket;
  const bytes = reading.surplusBytes + bytesRead - reading.readBytes - lengthOf(reading.last) - headBytes(request);
  // Behind a long body in chunks nothing is known: what was counted for it ends here.
  const isKnown = reading.last === undefined || !isChunked(reading.last) || bytes <= MAX_HEADER_BYTES;
  reading.surplusBytes = isKnown ? Math.max(bytes, 0) : 0;
  reading.readBytes = bytesRead;
  reading.last = hasBody(request) ? request : undefined;
}

/** What a socket has read of a head that is not whole. Lets go of the last request once its body is whole. */
function unfinishedBytes(socket: Read): number {
  const reading = socket[READING];
  if (reading === undefined || reading.last?.complete === false) return 0;
  if (reading.last !== undefined && !isChunked(reading.last)) {
    reading.surplusBytes -= lengthOf(reading.last);
    reading.last = undefined; // a connection that is idle must not hold it
  }
  const bytes = reading.surplusBytes + socket.bytesRead - reading.readBytes;
  return Math.min(Math.max(bytes, 0), MAX_HEADER_BYTES);
}

function lengthOf(request: IncomingMessage | undefined): number {
  return request === undefined ? 0 : Number(request.headers['content-length'] ?? 0);
}

/** The bytes of a head as everybody writes it (RFC 9112 section 2.1). */
function headBytes({ method = '', url = '', rawHeaders }: IncomingMessage): number {
  let bytes = method.length + url.length + 14; // blanks, HTTP/1.1 and the empty line
  for (const text of rawHeaders) bytes += text.length + 2; // a colon and a blank, or CR and LF
  return bytes;
}
