/**
 * Two engines with a path between them, computed: a clock of its own, a rate and a round trip each way, and the sender's
 * socket buffer in front of it. The same every time, whatever the machine does meanwhile.
 */
import { Buffer } from 'node:buffer';
import { Connection } from '../../../src/http2/connection.js';
import type { ConnectionObserver, ConnectionOptions } from '../../../src/http2/connection-options.js';
import { leaveSlab, SLAB_BYTES, takeEmptySlab, takeSlab } from '../../../src/http2/send/slab.js';
import type { Http2Stream, StreamObserver } from '../../../src/http2/stream/stream.js';
import { requestFields } from './peers.js';
import { SimulatedClock } from './simulated-clock.js';

export interface Path {
  readonly roundTripMs: number;
  /** Bits a second, each way. */
  readonly rate: number;
  /** The send buffer of the sender's socket; by default the largest that systems use. */
  readonly socketBytes?: number;
  /** An event loop that is busy: what arrives is read only once in so long. */
  readonly busyMs?: number;
}

const MAX_SOCKET_BYTES = 4_194_304;
// A reader is given what came in this time, and no more than this at once.
const READ_MS = 1;
const READ_BYTES = 65_536;

/** One direction: what is sent waits in the socket, leaves at the rate and arrives half a round trip later. */
class Direction {
  readonly #clock: SimulatedClock;
  readonly #path: () => Path;
  readonly #to: () => Connection;
  readonly #from: () => Connection;
  #leftMs = 0;
  #readMs = 0;

  constructor(clock: SimulatedClock, path: () => Path, from: () => Connection, to: () => Connection) {
    this.#clock = clock;
    this.#path = path;
    this.#from = from;
    this.#to = to;
  }

  send(bytes: Buffer): void {
    const { rate, roundTripMs, socketBytes = MAX_SOCKET_BYTES, busyMs = 0 } = this.#path();
    const bytesPerMs = rate / 8_000;
    const sliceBytes = Math.max(1_460, Math.min(READ_BYTES, Math.floor(bytesPerMs * READ_MS)));
    for (let at = 0; at < bytes.length; at += sliceBytes) {
      const slice = Buffer.from(bytes.subarray(at, at + sliceBytes)); // on its way, when its memory is used again
      this.#leftMs = Math.max(this.#leftMs, this.#clock.nowMs) + slice.length / bytesPerMs;
      const arrivesMs = this.#leftMs + roundTripMs / 2;
      const readMs = busyMs > 0 ? Math.ceil(arrivesMs / busyMs) * busyMs : arrivesMs;
      this.#readMs = Math.max(this.#readMs, readMs);
      this.#clock.at(this.#readMs, () => this.#to().receive(slice));
    }
    // The last byte enters the socket once little enough is queued before it.
    this.#clock.at(this.#leftMs - socketBytes / bytesPerMs, () => this.#from().sent(bytes.length));
  }
}

export class SimulatedPath {
  readonly client: Connection;
  readonly server: Connection;
  path: Path;
  /** The content that the server has received. */
  uploadedBytes = 0;
  readonly #clock = new SimulatedClock();

  /**
   * The server responds to `/N` with N bytes, as fast as it may. What other connections have used of the slab that comes next
   * decides where frames are cut, and with that the order of everything: here `usedSlabBytes`, whatever this process did before.
   */
  constructor(path: Path, limits: ConnectionOptions['limits'] = {}, usedSlabBytes = 0) {
    this.path = path;
    useSlab(usedSlabBytes);
    const down = new Direction(
      this.#clock,
      () => this.path,
      () => this.server,
      () => this.client,
    );
    const up = new Direction(
      this.#clock,
      () => this.path,
      () => this.client,
      () => this.server,
    );
    this.client = this.#end('client', up, {}, limits);
    const count = (bytes: number) => {
      this.uploadedBytes += bytes;
    };
    this.server = this.#end('server', down, { stream: (stream, fields) => serve(stream, fields, count) }, limits);
    this.run(1_000);
  }

  get nowMs(): number {
    return this.#clock.nowMs;
  }

  /** Lets the time pass until `isDone`, or for so long. */
  run(maxMs: number, isDone = () => false): void {
    const endMs = this.#clock.nowMs + maxMs;
    while (!isDone() && this.#clock.step(endMs));
    if (!isDone()) this.#clock.nowMs = endMs;
  }

  /** Requests this many bytes. */
  get(bytes: number): Download {
    const stream = this.client.request(requestFields('GET', `/${bytes}`), { endStream: true });
    const download = new Download(stream, () => this.#clock.nowMs);
    stream.observe(download);
    return download;
  }

  /** Sends this many bytes, as fast as it may. */
  put(bytes: number): void {
    const stream = this.client.request(requestFields('POST', '/0'), { endStream: false });
    const nothing = () => {};
    const fill = writer(stream, bytes);
    stream.observe({ data: nothing, trailers: nothing, end: nothing, closed: nothing, drain: fill });
    fill();
  }

  /** Requests this many bytes and waits for all of them. Returns how long it took. */
  measure(bytes: number, maxMs = 600_000): number {
    const download = this.get(bytes);
    this.run(maxMs, () => download.isOver);
    return download.elapsedMs;
  }

  /** The time of a download of this many bytes on an otherwise idle path that is fully used from the first byte to the last. */
  idealMs(bytes: number): number {
    return this.path.roundTripMs + bytes / (this.path.rate / 8_000);
  }

  /** The share of the path's capacity that a download used. */
  shareOf({ bytes, elapsedMs }: Download): number {
    return this.idealMs(bytes) / elapsedMs;
  }

  #end(role: 'client' | 'server', way: Direction, observer: Partial<ConnectionObserver>, limits: object): Connection {
    return new Connection({
      role,
      limits,
      now: () => this.#clock.nowMs,
      schedule: (run) => this.#clock.at(this.#clock.nowMs, run),
      send: (bytes) => way.send(bytes),
      observer: {
        ...observer,
        closed: (error) => {
          throw error ?? new Error('the connection ended');
        },
      },
    });
  }
}

/** A body that is read as it comes, unless it is paused, and only counted. */
export class Download implements StreamObserver {
  readonly stream: Http2Stream;
  bytes = 0;
  isOver = false;
  readonly #now: () => number;
  readonly #startMs: number;
  #endMs = Number.POSITIVE_INFINITY;

  constructor(stream: Http2Stream, now: () => number) {
    this.stream = stream;
    this.#now = now;
    this.#startMs = now();
  }

  /** Infinite until it is over. */
  get elapsedMs(): number {
    return this.#endMs - this.#startMs;
  }

  data(chunk: Buffer): void {
    this.bytes += chunk.length;
  }

  trailers(): void {}

  end(): void {
    this.isOver = true;
    this.#endMs = this.#now();
  }

  closed(): void {}
}

function useSlab(usedBytes: number): void {
  takeSlab().fill();
  const slab = takeEmptySlab(SLAB_BYTES);
  slab.usedBytes = usedBytes;
  leaveSlab(slab);
}

const CHUNK = Buffer.alloc(65_536);

function serve(stream: Http2Stream, fields: string[], received: (bytes: number) => void): void {
  const fill = writer(stream, Number(fields[fields.indexOf(':path') + 1]?.slice(1)));
  const nothing = () => {};
  stream.observe({
    data: (chunk) => received(chunk.length),
    trailers: nothing,
    end: nothing,
    closed: nothing,
    drain: fill,
  });
  stream.sendHeaders([':status', '200'], { endStream: false });
  fill();
}

/** Writes as much of the content as the stream takes, each time that it is called. */
function writer(stream: Http2Stream, bytes: number): () => void {
  let left = bytes;
  return () => {
    let isWelcome = true;
    while (isWelcome && left > 0) {
      const count = Math.min(left, CHUNK.length);
      left -= count;
      isWelcome = stream.write(CHUNK.subarray(0, count));
    }
    if (left === 0) stream.end();
  };
}
