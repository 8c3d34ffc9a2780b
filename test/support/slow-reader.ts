/** A client of HTTP/2 that can be kept from reading: what it sends then crosses what the edge has sent it. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Connection } from '../../src/http2/connection.js';
import { deferred } from './deferred.js';

export class SlowReader {
  readonly #socket: Socket;
  readonly #connection: Connection;
  /** What has arrived and was not read; undefined while it reads. */
  #unread: Buffer[] | undefined;
  #sent = deferred<void>();

  constructor(port: number) {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket = socket;
    this.#connection = new Connection({
      role: 'client',
      send: (bytes) => {
        this.#sent.resolve();
        socket.write(bytes, () => this.#connection.sent(bytes.length));
      },
      observer: { closed: () => socket.end() },
    });
    socket.on('data', (chunk) => (this.#unread ? this.#unread.push(chunk) : this.#connection.receive(chunk)));
    socket.on('error', () => {}).on('close', () => this.#connection.destroy());
  }

  /** Sends a request without a body; resolves once it is on its way. */
  async send(fields: readonly string[]): Promise<{ readonly status: Promise<string | undefined> }> {
    const status = deferred<string | undefined>();
    this.#sent = deferred();
    this.#connection.request(fields, { endStream: true }).observe({
      ...IGNORED,
      headers: ([, value]) => status.resolve(value),
      closed: (error) => status.reject(error ?? new Error('the connection ended without a response')),
    });
    await this.#sent.promise;
    return { status: status.promise };
  }

  /** Reads no more until `read`. */
  hold(): void {
    this.#unread ??= [];
  }

  /** Resolves once these bytes are among what was not read. */
  async holds(bytes: Buffer): Promise<void> {
    while (!Buffer.concat(this.#unread ?? []).includes(bytes)) await once(this.#socket, 'data');
  }

  /** Reads what has arrived, and on. */
  read(): void {
    const unread = this.#unread ?? [];
    this.#unread = undefined;
    for (const chunk of unread) this.#connection.receive(chunk);
  }
}

const IGNORED = { data: () => {}, trailers: () => {}, end: () => {} };
