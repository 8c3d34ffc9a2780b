/**
 * A hostile target of bare bytes: what it answers to a path is given by the test, byte for byte, and every head that
 * reached it is kept as it came. It runs inside the test.
 */
import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** Bytes (latin1) to answer with, or what to do with the connection. */
export type RawAct = string | ((socket: Socket, head: string) => void);

export class RawTarget {
  /** Every request head, in order. */
  readonly heads: string[] = [];
  readonly #acts = new Map<string, RawAct>();
  readonly #sockets = new Set<Socket>();
  readonly #happened = new EventEmitter().setMaxListeners(0);
  readonly #server: Server = createServer((socket) => this.#serve(socket));

  /** Starts one on 127.0.0.1. */
  static async start(): Promise<RawTarget> {
    const target = new RawTarget();
    target.#server.listen(0, '127.0.0.1');
    await once(target.#server, 'listening');
    return target;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What is answered to a path from now on; any other path gets a plain 200 with itself as the body. */
  answer(path: string, act: RawAct): void {
    this.#acts.set(path, act);
  }

  /** The paths that were asked for. */
  paths(): string[] {
    return this.heads.map((head) => head.split(' ')[1] ?? '');
  }

  /** Resolves once a path has been asked for. */
  async asked(path: string): Promise<void> {
    while (!this.paths().includes(path)) await once(this.#happened, 'head');
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket.setNoDelay()); // else what nobody asked for would wait for the next request
    socket.on('error', () => {}).once('close', () => this.#sockets.delete(socket)); // visitors leave, and edges cut
    let received = '';
    const read = (chunk: Buffer) => {
      received += chunk.toString('latin1');
      for (let end = received.indexOf('\r\n\r\n'); end !== -1; end = received.indexOf('\r\n\r\n')) {
        const head = received.slice(0, end + 4);
        received = received.slice(end + 4);
        if (!/^[A-Z-]+ \S+ HTTP\/1\.1\r\n/.test(head)) continue; // a piece of a body
        if (/^upgrade:/im.test(head)) socket.off('data', read); // from here on the bytes are the act's
        this.#act(socket, head);
      }
    };
    socket.on('data', read);
  }

  #act(socket: Socket, head: string): void {
    const path = head.split(' ')[1] ?? '';
    this.heads.push(head);
    this.#happened.emit('head');
    const act = this.#acts.get(path) ?? `HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`;
    if (typeof act === 'string') socket.write(act, 'latin1');
    else act(socket, head);
  }
}

/** The head that accepts the WebSocket which `head` asks for (RFC 6455 section 4.2.2), with more lines. */
export function accepting(head: string, ...lines: readonly string[]): string {
  const key = /^sec-websocket-key: *(\S+)/im.exec(head)?.[1] ?? '';
  const proof = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  const start = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
  return [...start, `Sec-WebSocket-Accept: ${proof}`, ...lines, '', ''].join('\r\n');
}
