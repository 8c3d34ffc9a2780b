/** The PING frames that we sent and that wait for their response (RFC 9113 section 6.7). */
import { Buffer } from 'node:buffer';
import { pingFrame } from './frame/writer.js';

interface Waiting {
  readonly number: number;
  readonly sentMs: number;
  readonly answered: (roundTripMs: number) => void;
}

// The owner's liveness, a round of the path estimate, a drain: a peer that leaves more than this unanswered is dead.
const MAX_WAITING = 16;

export class Pings {
  readonly #send: (frame: Buffer) => void;
  readonly #now: () => number;
  readonly #waiting: Waiting[] = [];
  #sent = 0;

  constructor(send: (frame: Buffer) => void, now: () => number) {
    this.#send = send;
    this.#now = now;
  }

  /** Sends a PING; false when too many wait already. `answered` is not called if the connection ends before. */
  send(answered: (roundTripMs: number) => void): boolean {
    if (this.#waiting.length >= MAX_WAITING) return false;
    this.#sent += 1;
    this.#waiting.push({ number: this.#sent, sentMs: this.#now(), answered });
    const opaque = Buffer.alloc(8);
    opaque.writeDoubleBE(this.#sent);
    this.#send(pingFrame(0, opaque, 0));
    return true;
  }

  /** Takes a response. One that belongs to no PING of ours is ignored. */
  receive(bytes: Buffer, start: number): void {
    const number = bytes.readDoubleBE(start);
    const index = this.#waiting.findIndex((waiting) => waiting.number === number);
    const [waiting] = index === -1 ? [] : this.#waiting.splice(index, 1);
    waiting?.answered(this.#now() - waiting.sentMs);
  }
}
