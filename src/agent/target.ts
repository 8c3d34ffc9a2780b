/**
 * Carries requests from a link to the target over HTTP/1.1 and the answers back, streaming both ways. The target is the
 * configured one whatever `:authority` and `:path` say; redirects are passed on and never followed.
 */
import type { ClientRequest } from 'node:http';
import type { Log } from '../core/log.js';
import { PosternError } from '../errors.js';
import { Answer, type TargetContext } from './answer.js';
import { HostRefusals } from './host-refusals.js';
import type { OldInbound as InboundStream } from './old-inbound.js';
import { sendBody } from './request-body.js';
import type { RequestRecord } from './request-record.js';
import type { TargetAddress } from './target-address.js';
import { asTargetError, isStaleConnection } from './target-errors.js';
import { declaredLength, framingHeaders, type PublicPlace, readPublicPlace, targetHeaders } from './target-headers.js';
import { TargetPool } from './target-pool.js';
import { serveWebSocket } from './target-websocket.js';

export interface TargetOptions {
  readonly log: Log;
  /** Called once for each request, after its answer. */
  readonly record: (record: RequestRecord) => void;
  /** Called with a sentence that tells the developer what to change at the target. */
  readonly hint: (text: string) => void;
  /** How long a connection may take to stand, in milliseconds; 10 000 unless said otherwise. */
  readonly connectTimeoutMs?: number;
}

/** A call that may be sent to the target again, because repeating it changes nothing (RFC 9110 section 9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);

// Origin-form (RFC 9112 section 3.2.1), in bytes; C1 controls are left to the target, which sees what the visitor sent.
const ORIGIN_FORM = /^\/[\x21-\x7e\x80-\xff]*$/;

/** The target of one agent. */
export class Target {
  readonly #context: TargetContext;

  constructor(address: TargetAddress, options: TargetOptions) {
    this.#context = {
      target: address,
      pool: new TargetPool(address, { connectTimeoutMs: options.connectTimeoutMs ?? 10_000 }),
      refusals: new HostRefusals(address, options.hint),
      log: options.log,
      record: options.record,
      webSockets: new Set(),
    };
  }

  /** Answers one request. Never throws: whatever goes wrong ends this stream alone. */
  serve(stream: InboundStream): void {
    const answer = new Answer(this.#context, stream);
    try {
      refuseUnservable(stream);
      if (stream.head.protocol === 'websocket') serveWebSocket(this.#context, stream, answer);
      else new TargetRequest(this.#context, stream, answer).send('pooled');
    } catch (thrown) {
      answer.fail(asRequestError(thrown));
    }
  }

  /** Cuts the open WebSockets, which would never end by themselves. */
  cutWebSockets(): void {
    for (const cut of this.#context.webSockets) cut();
  }

  /** Ends every connection to the target at once. */
  close(): void {
    this.#context.pool.close();
  }
}

/** One ordinary request on its way to the target and back. */
class TargetRequest {
  readonly #context: TargetContext;
  readonly #stream: InboundStream;
  readonly #answer: Answer;
  readonly #place: PublicPlace;
  #request: ClientRequest | undefined;

  constructor(context: TargetContext, stream: InboundStream, answer: Answer) {
    this.#context = context;
    this.#stream = stream;
    this.#answer = answer;
    this.#place = readPublicPlace(stream.head);
    stream.onCancelled(() => {
      answer.abandon();
      this.#request?.destroy();
    });
  }

  /** Sends the request; `fresh` is the second and last attempt. */
  send(connection: 'pooled' | 'fresh'): void {
    const { head, endOfBody } = this.#stream;
    const length = declaredLength(head, endOfBody);
    const headers = targetHeaders(head, this.#context.target, this.#place);
    headers.push(...framingHeaders(head.method, endOfBody, length));
    const expectation = this.#takeExpectation(headers);
    const request = this.#context.pool.request({ method: head.method, path: head.path, headers, connection });
    this.#request = request;
    this.#listen(request);
    if (expectation === 'met') this.#stream.informational({ status: 100, headers: [] });
    if (endOfBody) request.end();
    else sendBody(this.#stream, request, length);
  }

  #listen(request: ClientRequest): void {
    const attempt = (step: () => void) => {
      try {
        step();
      } catch (thrown) {
        this.#answer.fail(thrown);
        request.destroy();
      }
    };
    request.on('information', (info) => {
      attempt(() => this.#answer.inform(info.statusCode, info.rawHeaders, this.#place));
    });
    request.on('response', (response) => attempt(() => this.#answer.relay(response, this.#place)));
    // A 101 that nobody asked for: `node:http` would leave the connection open without an owner.
    request.on('upgrade', (_response, socket) => {
      socket.destroy();
      this.#answer.fail(new PosternError('ERR_TARGET_PROTOCOL', 'The target switches protocols unasked.'));
    });
    request.on('error', (error) => this.#failed(request, error));
  }

  // After a response `node:http` still reports errors of the connection here. The answer's own stream tells whether
  // the answer is whole, so that bytes behind a complete answer do not spoil it.
  #failed(request: ClientRequest, error: Error): void {
    if (this.#answer.begun) return;
    if (this.#mayRepeat(request, error)) this.send('fresh');
    else this.#answer.fail(asTargetError(error));
  }

  #mayRepeat(request: ClientRequest, error: Error): boolean {
    if (!request.reusedSocket || this.#answer.heard || !this.#stream.endOfBody) return false;
    return isStaleConnection(error) && IDEMPOTENT.has(this.#stream.head.method);
  }

  // With `Expect`, `node:http` sends the head at once and encodes what is above 0x7F as UTF-8 a second time. Such a head
  // goes without, and the visitor is told to continue: the target then refuses the body by its final status.
  #takeExpectation(headers: string[]): 'none' | 'met' {
    const at = headers.indexOf('expect');
    const plain = [this.#stream.head.path, ...headers].every((text) => /^[\x00-\x7f]*$/.test(text));
    if (at === -1 || plain) return 'none';
    headers.splice(at, 2);
    return 'met';
  }
}

function refuseUnservable({ head }: InboundStream): void {
  if (head.method === 'CONNECT' && head.protocol !== 'websocket') {
    throw new PosternError('ERR_METHOD_REFUSED', 'CONNECT is not carried to the target.');
  }
  if (!ORIGIN_FORM.test(head.path)) throw new PosternError('ERR_BAD_REQUEST', 'The path is not in origin form.');
}

function asRequestError(thrown: unknown): PosternError {
  if (thrown instanceof PosternError) return thrown;
  return new PosternError('ERR_BAD_REQUEST', 'The request cannot be said in HTTP/1.1.', { cause: thrown });
}
