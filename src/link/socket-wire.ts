/** A byte stream between two nodes as the wire of a link: a Unix socket, or one with TLS. */
import type { Duplex } from 'node:stream';
import type { Http2Error } from '../http2/errors.js';
import { TurnLimit } from './turn-limit.js';
import type { Wire, WireObserver } from './wire.js';

export class SocketWire implements Wire {
  readonly headroomBytes = 0;
  readonly #socket: Duplex;
  readonly #turn: TurnLimit;

  /** Takes over an open socket, of which nothing is read yet. */
  constructor(socket: Duplex) {
    this.#socket = socket;
    this.#turn = new TurnLimit(socket);
  }

  observe(observer: WireObserver): void {
    const socket = this.#socket;
    socket.on('data', (bytes: Buffer) => {
      observer.alive();
      this.#turn.read(bytes.length);
      observer.received(bytes);
    });
    socket.on('error', (error) => observer.closed(error));
    socket.on('close', () => observer.closed('the connection closed'));
    socket.on('end', () => socket.end());
    socket.resume(); // it was paused behind the handshake
  }

  send(bytes: Buffer, sent: () => void): void {
    if (!this.#socket.writable) return; // its `close` follows, and ends the connection
    this.#socket.write(bytes, (error) => {
      if (!error) sent();
    });
  }

  close(_error: Http2Error | undefined): void {
    if (this.#socket.writable) this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
