/** The PING frames that we sent and the peer has not acknowledged (RFC 9113 section 6.7). */
import { Buffer } from 'node:buffer';
import { pingFrame } from './frame/writer.js';

interface PendingPing {
  readonly number: number;
  readonly sentMs: number;
  readonly acknowledged: (roundTripMs: number) => void;
}

// For liveness, the path estimate and drain. A peer that leaves more than this unacknowledged is dead.
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

  /** Sends a PING; false if too many are pending. `acknowledged` is not called if the connection ends first. */
  send(acknowledged: (roundTripMs: number) => void): boolean {
    if (this.#pending.length >= MAX_PENDING) return false;
    this.#sent += 1;
    this.#pending.push({ number: this.#sent, sentMs: this.#now(), acknowledged });
    const opaque = Buffer.alloc(8);
    opaque.writeDoubleBE(this.#sent);
    this.#send(pingFrame(0, opaque, 0));
    return true;
  }

  /** Processes a PING with ACK. One without a pending PING is ignored. */
  acknowledge(bytes: Buffer, start: number): void {
    const number = bytes.readDoubleBE(start);
    const index = this.#pending.findIndex((pending) => pending.number === number);
    const [pending] = index === -1 ? [] : this.#pending.splice(index, 1);
    pending?.acknowledged(this.#now() - pending.sentMs);
  }
}
