/** The PING frames that we sent and that wait for their response (RFC 9113 section 6.7). */
import { Buffer } from 'node:buffer';
import { pingFrame } from './frame/writer.js';

interface PendingPing {
  readonly number: number;
  readonly sentMs: number;
  readonly acknowledged: (roundTripMs: number) => void;
}

// The owner's liveness, a round of the path estimate, a drain: a peer that leaves more than this unanswered is dead.
const MAX_PENDING = 16;

export class Pings {
  readonly #send: (frame: Buffer) => void;
  readonly #now: () => number;
  readonly #pending: PendingPing[] = [];
  #sent = 0;

  constructor(send: (frame: Buffer) => void, now: () => number) {
    this.#send = send;
    this.#now = now;
  }

  /** Sends a PING; false when too many wait already. `acknowledged` is not called if the connection ends before. */
  send(acknowledged: (roundTripMs: number) => void): boolean {
    if (this.#pending.length >= MAX_PENDING) return false;
    this.#sent += 1;
    this.#pending.push({ number: this.#sent, sentMs: this.#now(), acknowledged });
    const opaque = Buffer.alloc(8);
    opaque.writeDoubleBE(this.#sent);
    this.#send(pingFrame(0, opaque, 0));
    return true;
  }

  /** Takes a response. One that belongs to no PING of ours is ignored. */
  acknowledge(bytes: Buffer, start: number): void {
    const number = bytes.readDoubleBE(start);
    const index = this.#pending.findIndex((pending) => pending.number === number);
    const [pending] = index === -1 ? [] : this.#pending.splice(index, 1);
    pending?.acknowledged(this.#now() - pending.sentMs);
  }
}
