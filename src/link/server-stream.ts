/** The agent's end of one request on a link: a stream of the server role, which carries the response back. */
import { PosternError } from '../errors.js';
import type { InboundObserver, InboundStream, RequestHead, ResponseHead, SendOptions } from '../http/exchange.js';
import { Http2ErrorCode } from '../http2/errors.js';
import { MalformedFields } from '../http2/message/field-classifier.js';
import type { Http2Stream } from '../http2/stream/stream.js';
import { writeResponseHead } from './heads.js';
import { LinkedStream, StreamListener } from './linked-stream.js';

export class ServerStream extends LinkedStream implements InboundStream {
  readonly head: RequestHead;
  readonly endOfBody: boolean;

  constructor(stream: Http2Stream, head: RequestHead, endOfBody: boolean) {
    super(stream);
    this.head = head;
    this.endOfBody = endOfBody;
    stream.pause();
  }

  observe(observer: InboundObserver): void {
    this.listen(new RequestListener(this.stream, observer));
  }

  informational(head: ResponseHead): void {
    if (head.status !== 101) checked(() => this.stream.sendInformational(writeResponseHead(head)));
  }

  respond(head: ResponseHead, { endOfBody }: SendOptions): void {
    checked(() => this.stream.sendHeaders(writeResponseHead(head), { endStream: endOfBody }));
  }

  writeCopy(chunk: Buffer): boolean {
    return this.stream.writeCopy(chunk);
  }

  /** Drops what still arrives of the request, once its response was sent completely. */
  discard(): void {
    this.stream.discard();
  }

  cancel(code: number = Http2ErrorCode.INTERNAL_ERROR): void {
    this.reset(code);
  }
}

/** Passes the request on to the observer, and the fate of our response. */
class RequestListener extends StreamListener {
  readonly #stream: Http2Stream;
  readonly #observer: InboundObserver;
  #isSent = false;

  constructor(stream: Http2Stream, observer: InboundObserver) {
    super(observer);
    this.#stream = stream;
    this.#observer = observer;
  }

  override drain(): void {
    if (!this.#stream.endSent) super.drain();
    else if (!this.#isSent) {
      this.#isSent = true;
      this.#observer.sent();
    }
  }

  closed(error: Error | undefined): void {
    if (error === undefined) return;
    if (!this.#stream.endSent) this.#observer.cancelled();
    else if (!this.isComplete) this.#observer.abandoned?.();
  }
}

function checked(send: () => void): void {
  try {
    send();
  } catch (error) {
    if (!(error instanceof MalformedFields)) throw error;
    throw new PosternError('ERR_TARGET_PROTOCOL', `the head cannot be carried: ${error.message}`, { cause: error });
  }
}
