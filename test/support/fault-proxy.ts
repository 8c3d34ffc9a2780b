/**
 * A bad network between two programs of a test: bytes pass through late, in small pieces, bent, not at all, or the
 * connection is reset. It knows no protocol.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What happens to bytes, both ways. May be changed at any time. */
export interface Faults {
  /** Each piece arrives so much later, in order. */
  delayMs: number;
  /** Pieces are no larger than this. */
  maxPieceBytes: number;
  /** Takes everything and passes nothing on, an end included, as a cable that was cut: on what is open and what comes. */
  isDark: boolean;
  /** The piece that comes once so many more bytes have passed, both ways together, has a bit flipped; none after it. */
  bentAfterBytes: number;
}

export class FaultProxy {
  readonly faults: Faults = {
    delayMs: 0,
    maxPieceBytes: 65_536,
    isDark: false,
    bentAfterBytes: Number.POSITIVE_INFINITY,
  };
  /** The first line that came on each connection, in order. */
  readonly firstLines: string[] = [];
  readonly #to: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(to: number) {
    this.#to = to;
    this.#server = createServer({ allowHalfOpen: true }, (near) => this.#join(near));
  }

  /** Starts in front of a port of 127.0.0.1. */
  static async start(to: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(to);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resets every connection, on both sides. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #join(near: Socket): void {
    const far = connect({ port: this.#to, host: '127.0.0.1', allowHalfOpen: true });
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket)); // 'close' ends the other one
    }
    const begun = (chunk: Buffer) => this.firstLines.push(chunk.toString('latin1').split('\r\n', 1)[0] ?? '');
    for (const [from, to, first] of [
      [near, far, begun],
      [far, near, () => {}],
    ] as const) {
      void this.#carry(from, to, first);
      from.on('close', () => this.faults.isDark || to.destroy());
    }
  }

  async #carry(from: Socket, to: Socket, begun: (chunk: Buffer) => void): Promise<void> {
    let last = Promise.resolve();
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        begun(chunk);
        begun = () => {};
        for (const piece of cut(chunk, this.faults.maxPieceBytes)) {
          const passed = this.#pass(piece, to, last);
          last = passed;
          if (this.faults.delayMs === 0 || to.writableNeedDrain) await passed;
        }
      }
      await last;
      if (!this.faults.isDark) to.end();
    } catch {
      to.destroy(); // broken off: so is the other side
    }
  }

  async #pass(piece: Buffer, to: Socket, last: Promise<void>): Promise<void> {
    const { delayMs } = this.faults;
    if (delayMs > 0) await delay(delayMs);
    await last;
    if (this.faults.isDark || !to.writable) return;
    this.faults.bentAfterBytes -= piece.length;
    if (this.faults.bentAfterBytes < 0) {
      this.faults.bentAfterBytes = Number.POSITIVE_INFINITY;
      const at = Math.floor(piece.length / 2);
      piece[at] = (piece[at] ?? 0) ^ 1;
    }
    if (!to.write(piece)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
  }
}

function cut(chunk: Buffer, maxBytes: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < chunk.length; at += maxBytes) pieces.push(chunk.subarray(at, at + maxBytes));
  return pieces;
}
