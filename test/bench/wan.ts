/**
 * A long path inside this process: a TCP relay whose connections have a round-trip time, a rate and a bounded queue in
 * front of it, each connection its own. Bytes leave at the rate and arrive half a round trip later; what finds the queue
 * full waits at the sender, as it would behind a window that is full. Nothing is lost and nothing is reordered.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface NetworkPath {
  readonly rttMs: number;
  /** Bits per second. */
  readonly rate: number;
}

// What a router in front of the slow part would hold: 20 ms of the rate. It also carries the link over moments in which
// this process is busy.
const QUEUE_MS = 20;

/** A running link; every connection to `port` goes the long path to `toPort`. */
export class WanLink {
  readonly #listener: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(listener: Server) {
    this.#listener = listener;
  }

  static async open(path: NetworkPath, toPort: number): Promise<WanLink> {
    // A sender's end passes alone, as over a real path.
    const listener = createServer({ allowHalfOpen: true, noDelay: true });
    const link = new WanLink(listener);
    listener.on('connection', (near) => {
      const far = connect({ port: toPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
      link.#join(near, far, path);
    });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return link;
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port;
  }

  close(): void {
    this.#listener.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(near: Socket, far: Socket, path: NetworkPath): void {
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one);
      new Direction(one, other, path);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.#sockets.delete(one);
        if (one.destroyed && !one.readableEnded) other.destroy();
      });
    }
  }
}

interface Parcel {
  readonly dueMs: number;
  /** Undefined for the end of the stream. */
  readonly bytes: Buffer | undefined;
}

/** One direction of one connection. */
class Direction {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #oneWayMs: number;
  readonly #bytesPerMs: number;
  readonly #parcels: Parcel[] = [];
  /** When the last byte that was taken has left the queue, in the time of `performance.now()`. */
  #leftAtMs = 0;
  #blocked = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket, { rttMs, rate }: NetworkPath) {
    this.#from = from;
    this.#to = to;
    this.#oneWayMs = rttMs / 2;
    this.#bytesPerMs = rate / 8 / 1000;
    from.on('data', (bytes) => this.#take(bytes));
    from.on('end', () => this.#take(undefined));
    to.on('drain', () => {
      this.#blocked = false;
      this.#turn();
    });
    to.on('close', () => clearTimeout(this.#timer));
  }

  #take(bytes: Buffer | undefined): void {
    const nowMs = performance.now();
    this.#leftAtMs = Math.max(this.#leftAtMs, nowMs) + (bytes?.length ?? 0) / this.#bytesPerMs;
    this.#parcels.push({ dueMs: this.#leftAtMs + this.#oneWayMs, bytes });
    this.#holdBack(nowMs);
    this.#wake(nowMs);
  }

  #turn(): void {
    const nowMs = performance.now();
    while (!this.#blocked && this.#parcels[0] !== undefined && this.#parcels[0].dueMs <= nowMs) this.#deliver();
    this.#holdBack(nowMs);
    this.#wake(nowMs);
  }

  #deliver(): void {
    const { bytes } = this.#parcels.shift() as Parcel;
    if (this.#to.destroyed) return;
    if (bytes === undefined) this.#to.end();
    else if (!this.#to.write(bytes)) this.#blocked = true;
  }

  // A receiver that does not read stops the whole direction: what is in flight fills, then the sender waits.
  #holdBack(nowMs: number): void {
    const queuedMs = this.#leftAtMs - nowMs;
    if (queuedMs > QUEUE_MS || this.#blocked) this.#from.pause();
    else if (this.#from.isPaused()) this.#from.resume();
  }

  #wake(nowMs: number): void {
    clearTimeout(this.#timer);
    const nextMs = this.#blocked ? Number.POSITIVE_INFINITY : (this.#parcels[0]?.dueMs ?? Number.POSITIVE_INFINITY);
    const resumeMs = this.#from.isPaused() && !this.#blocked ? this.#leftAtMs - QUEUE_MS / 2 : Number.POSITIVE_INFINITY;
    const wakeMs = Math.min(nextMs, resumeMs);
    if (Number.isFinite(wakeMs)) this.#timer = setTimeout(() => this.#turn(), Math.max(0, wakeMs - nowMs));
  }
}
