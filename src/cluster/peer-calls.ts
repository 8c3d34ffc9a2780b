/**
 * What two nodes ask and tell each other beside the requests that they relay: a method and its arguments as a JSON array, on a
 * stream of its own. Bounded in size and time; a node that cannot respond is as one that does not.
 */

import type { InboundObserver, OutboundObserver } from '../http/exchange.js';
import { Http2ErrorCode } from '../http2/errors.js';
import type { ServerStream } from '../link/server-stream.js';
import type { PeerLink } from './peer-link.js';
import { type PeerCall, writePeerCall } from './relay-protocol.js';

/** What this node responds to, by method. */
export type PeerMethods = ReadonlyMap<string, (...args: never[]) => unknown>;

/** The arguments are names of tunnels and keys of accounts. */
export const MAX_CALL_BYTES = 65_536;

/** The people at ten thousand tunnels, of 200 bytes each. */
export const MAX_RESULT_BYTES = 16_777_216;

// A page waits no longer for a node that stands still.
const MAX_WAIT_MS = 1_000;

/** Resolves to what the other node responds; rejects when it does not, or not in time. */
export function callPeer(
  link: PeerLink | Promise<PeerLink>,
  call: PeerCall,
  args: readonly unknown[],
): Promise<unknown> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), MAX_WAIT_MS);
  const isLate = new Promise<never>((_, reject) => {
    late.signal.addEventListener('abort', () => reject(new Error('no response in time')), { once: true });
  });
  const result = Promise.resolve(link).then((opened) => openCall(opened, call, args, late.signal));
  return Promise.race([result, isLate]).finally(() => clearTimeout(timer));
}

function openCall(link: PeerLink, call: PeerCall, args: readonly unknown[], late: AbortSignal): Promise<unknown> {
  if (late.aborted) return Promise.resolve(); // the link has come too late
  return new Promise((resolve, reject) => {
    const observer = new Result((text) => {
      try {
        if (text === undefined) throw new Error('no response');
        resolve(text === '' ? undefined : JSON.parse(text));
      } catch (error) {
        reject(error);
      }
    });
    const stream = link.open(writePeerCall(call), { endOfBody: false }, observer);
    late.addEventListener('abort', () => stream.cancel(), { once: true });
    observer.tooLarge = () => stream.cancel();
    stream.write(Buffer.from(JSON.stringify(args)));
    stream.end();
  });
}

/** Responds to a call of another node, and resets the stream of one that cannot be responded to. Never throws. */
export function respondToCall(stream: ServerStream, { kind, method }: PeerCall, methods: PeerMethods): void {
  const respond = methods.get(method);
  const body = new Body(async (text) => {
    try {
      const args: unknown = JSON.parse(text ?? '');
      if (respond === undefined || !Array.isArray(args)) return stream.cancel(Http2ErrorCode.REFUSED_STREAM);
      const result = await respond(...(args as never[]));
      const bytes = Buffer.from(kind === 'tell' || result === undefined ? '' : JSON.stringify(result));
      if (bytes.length > MAX_RESULT_BYTES) return stream.cancel();
      stream.respond({ status: 200, headers: [] }, { endOfBody: bytes.length === 0 });
      if (bytes.length === 0) return;
      stream.write(bytes);
      stream.end();
    } catch {
      stream.cancel(); // what it says or is given means nothing here: a node of another version
    }
  });
  stream.observe(body);
  stream.resume();
}

/** Collects a body up to a bound. Calls `complete` once: with its text, or without if it is too large. */
class Collected {
  readonly #maxBytes: number;
  readonly #complete: (text: string | undefined) => void;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #isOver = false;

  constructor(maxBytes: number, complete: (text: string | undefined) => void) {
    this.#maxBytes = maxBytes;
    this.#complete = complete;
  }

  data(chunk: Buffer): void {
    if (this.#isOver) return;
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) this.over(undefined);
    else this.#chunks.push(chunk);
  }

  end(): void {
    this.over(Buffer.concat(this.#chunks).toString());
  }

  trailers(): void {}
  drain(): void {}
  sent(): void {}
  informational(): void {}

  protected over(text: string | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#chunks = [];
    this.#complete(text);
  }
}

class Body extends Collected implements InboundObserver {
  constructor(complete: (text: string | undefined) => void) {
    super(MAX_CALL_BYTES, complete);
  }

  cancelled(): void {
    this.over(undefined);
  }
}

class Result extends Collected implements OutboundObserver {
  tooLarge: () => void = () => {};

  constructor(complete: (text: string | undefined) => void) {
    super(MAX_RESULT_BYTES, (text) => {
      if (text === undefined) this.tooLarge();
      complete(text);
    });
  }

  response(): void {}

  failed(): void {
    this.over(undefined);
  }
}
