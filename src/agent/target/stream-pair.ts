/**
 * A connection inside this process: two ends, each of which reads what the other writes, with back-pressure. Ends and closes
 * as TCP does: an end that is destroyed reads as ended at the other one, and what is written to it then fails.
 */
import { Duplex } from 'node:stream';

type Done = (error?: Error | null) => void;

// As a connection on loopback has it; the port of a connection that uses none.
const ADDRESS = { address: '127.0.0.1', family: 'IPv4', port: 0 } as const;

/** One end. Has the members of a `net.Socket` that HTTP servers and frameworks use. */
export class PairedStream extends Duplex {
  readonly remoteAddress: string = ADDRESS.address;
  readonly remoteFamily: string = ADDRESS.family;
  readonly remotePort: number = ADDRESS.port;
  readonly localAddress: string = ADDRESS.address;
  readonly localPort: number = ADDRESS.port;
  #other: PairedStream | undefined;
  /** Of the other end's last write, until this end reads on. */
  #taken: Done | undefined;
  #idle: NodeJS.Timeout | undefined;

  /** Two ends of a new connection. */
  static create(): readonly [PairedStream, PairedStream] {
    const [one, other] = [new PairedStream(), new PairedStream()];
    one.#other = other;
    other.#other = one;
    return [one, other];
  }

  override _read(): void {
    this.#settle(null);
  }

  override _write(chunk: Buffer, _encoding: string, done: Done): void {
    this.#deliver(chunk, done);
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: Done): void {
    this.#deliver(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: Done): void {
    this.#other?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    clearTimeout(this.#idle);
    this.#settle(brokenPipe());
    const other = this.#other;
    this.#other = undefined; // what the other end holds can go
    if (other !== undefined && !other.readableEnded && !this.writableFinished) other.push(null);
    done(error);
  }

  /** Emits `timeout` after this time without a byte in either direction; 0 for never. */
  setTimeout(ms: number, listener?: () => void): this {
    clearTimeout(this.#idle);
    this.#idle = ms > 0 ? setTimeout(() => this.emit('timeout'), ms).unref() : undefined;
    if (listener !== undefined) ms > 0 ? this.once('timeout', listener) : this.off('timeout', listener);
    return this;
  }

  address(): typeof ADDRESS {
    return ADDRESS;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  #deliver(bytes: Buffer, done: Done): void {
    const other = this.#other;
    for (const end of [this, other]) if (end !== undefined) end.#idle?.refresh();
    if (other === undefined || other.destroyed) done(brokenPipe());
    else if (other.push(bytes)) done();
    else other.#taken = done;
  }

  #settle(error: Error | null): void {
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.(error);
  }
}

function brokenPipe(): Error {
  return Object.assign(new Error('the other end of the connection is closed'), { code: 'EPIPE' });
}
