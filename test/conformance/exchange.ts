/** The engine's client role on a TCP connection, and requests on it that can be waited for. */
import type { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Connection } from '../../src/http2/connection.js';
import type { Http2Error } from '../../src/http2/errors.js';
import type { Http2Stream } from '../../src/http2/stream/stream.js';
import { engineOver, Record, requestFields } from '../unit/http2/peers.js';

/** Records a stream to its end. */
class Exchange extends Record {
  readonly stream: Http2Stream;
  #settle: () => void = () => {};
  /** Resolves when the stream has closed, whatever came of it. */
  readonly settled = new Promise<void>((resolve) => {
    this.#settle = resolve;
  });

  constructor(stream: Http2Stream) {
    super();
    this.stream = stream;
    stream.observe(this);
  }

  override closed(error: Http2Error | undefined): void {
    super.closed(error);
    this.#settle();
  }
}

export function get(engine: Connection, path: string): Exchange {
  return new Exchange(engine.request(requestFields('GET', path), { endStream: true }));
}

export function post(engine: Connection, path: string, body: Buffer): Exchange {
  const exchange = new Exchange(engine.request(requestFields('POST', path), { endStream: false }));
  exchange.stream.write(body);
  exchange.stream.end();
  return exchange;
}

/** An engine on its own connection, whose peer has sent SETTINGS. */
export async function withEngine(port: number, use: (engine: Connection) => Promise<void>): Promise<void> {
  const socket = await connected(port);
  const engine = engineOver(socket, { role: 'client', observer: { closed: () => {} } });
  try {
    await engine.ping();
    await use(engine);
  } finally {
    engine.destroy();
    socket.destroy();
  }
}

/** Connects as soon as a peer that has just been started listens; the runner's timeout is the ceiling. */
async function connected(port: number): Promise<Socket> {
  for (;;) {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    try {
      await once(socket, 'connect');
      return socket;
    } catch {
      await pause(20); // it is not there yet
    }
  }
}
