/**
 * The request for a WebSocket on a link whose agent has not said yet what it takes. A client may use extended CONNECT only once the
 * SETTINGS that announce it have arrived (RFC 8441 section 3), which is a round trip after the link was opened.
 */
import { asPosternError } from '../errors.js';
import type { OutboundObserver, OutboundStream } from '../http/exchange.js';
import type { RawHeaders } from '../http/fields.js';

export class PendingStream implements OutboundStream {
  readonly #observer: OutboundObserver;
  #stream: OutboundStream | undefined;
  #isCancelled = false;
  /** What was called meanwhile, in order. */
  #calls: ((stream: OutboundStream) => void)[] = [];
  #heldBytes = 0;

  constructor(observer: OutboundObserver) {
    this.#observer = observer;
  }

  /** Opens the stream, unless it was cancelled. What `open` throws fails it. */
  start(open: () => OutboundStream): void {
    if (this.#isCancelled) return;
    try {
      const stream = open();
      this.#stream = stream;
      this.#heldBytes = 0;
      for (const call of this.#calls.splice(0)) call(stream);
    } catch (thrown) {
      this.#observer.failed(asPosternError(thrown));
    }
  }

  get writableLength(): number {
    return this.#stream?.writableLength ?? this.#heldBytes;
  }

  get bytesWritten(): number {
    return this.#stream?.bytesWritten ?? this.#heldBytes;
  }

  write(chunk: Buffer): boolean {
    if (this.#stream !== undefined) return this.#stream.write(chunk);
    this.#heldBytes += chunk.length;
    this.#then((stream) => {
      if (stream.write(chunk)) this.#observer.drain();
    });
    return false;
  }

  end(trailers?: RawHeaders): void {
    this.#then((stream) => stream.end(trailers));
  }

  pause(): void {
    this.#then((stream) => stream.pause());
  }

  resume(): void {
    this.#then((stream) => stream.resume());
  }

  takeBody(): ReturnType<OutboundStream['takeBody']> {
    if (this.#stream === undefined) throw new TypeError('a body before its response');
    return this.#stream.takeBody();
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#calls = [];
    this.#stream?.cancel();
  }

  #then(call: (stream: OutboundStream) => void): void {
    if (this.#stream !== undefined) call(this.#stream);
    else if (!this.#isCancelled) this.#calls.push(call);
  }
}
