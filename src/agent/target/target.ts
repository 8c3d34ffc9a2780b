/**
 * Forwards the requests of a link to the target over HTTP/1.1 and returns the responses, streaming both ways. The target is
 * always the configured one, regardless of `:authority` and `:path`; redirects are passed on and never followed.
 */
import type { Log } from '../../core/log.js';
import { PosternError } from '../../errors.js';
import type { InboundStream } from '../../http/exchange.js';
import type { TargetAddress } from './address.js';
import { DevServerHints } from './dev-server-hints.js';
import { asTargetError } from './errors.js';
import { Exchange, type TargetContext } from './exchange.js';
import { TargetPool } from './pool.js';
import { TargetRequest } from './request.js';
import type { RequestRecord } from './request-record.js';
import type { Tap } from './tap.js';
import { TargetWebSocket } from './websocket.js';

export interface TargetOptions {
  readonly log: Log;
  /** Called once for each request, after its response. */
  readonly record: (record: RequestRecord) => void;
  /** Called with a sentence for the developer: what to change at the target. */
  readonly hint: (text: string) => void;
  /** Watches what passes; nothing unless given. */
  readonly tap?: Tap | undefined;
  /** The time limit for connecting, in milliseconds; 10 000 unless given. */
  readonly connectTimeoutMs?: number;
}

// Origin-form (RFC 9112 section 3.2.1), in bytes; C1 controls are left to the target, which sees what the visitor sent.
const ORIGIN_FORM = /^\/[\x21-\x7e\x80-\xff]*$/;

/** The target of one agent. */
export class Target {
  readonly #context: TargetContext;
  readonly #hint: (text: string) => void;

  constructor(address: TargetAddress, options: TargetOptions) {
    this.#hint = options.hint;
    this.#context = {
      target: address,
      pool: new TargetPool(address, { connectTimeoutMs: options.connectTimeoutMs ?? 10_000 }),
      hints: new DevServerHints(address, options.hint),
      log: options.log,
      record: options.record,
      tap: options.tap,
      webSockets: new Set(),
      eventStreams: new Set(),
    };
  }

  /** Whether none of its requests is under way; open WebSockets do not count. */
  get isUnused(): boolean {
    return this.#context.pool.isUnused;
  }

  /** Connects once, without a request. Resolves to what is wrong when that fails. */
  async connect(): Promise<PosternError | undefined> {
    const failure = await this.#context.pool.probe();
    return failure === undefined ? undefined : asTargetError(failure, this.#context.target);
  }

  /** As `connect`, and hints at what is wrong. */
  async probe(): Promise<void> {
    const error = await this.connect();
    if (error === undefined) return;
    this.#context.log.warn({ err: error, code: error.code }, 'the target cannot be reached yet');
    this.#hint(`${error.message}. Visitors get an error page until that has changed.`);
  }

  /** Serves one request. Never throws: a failure ends this stream alone. */
  serve(stream: InboundStream): void {
    const response = new Exchange(this.#context, stream);
    try {
      rejectUnsupported(stream);
      if (stream.head.protocol === 'websocket') new TargetWebSocket(this.#context, stream, response).open();
      else new TargetRequest(this.#context, stream, response).send();
    } catch (thrown) {
      response.fail(thrown);
      stream.resume();
    }
  }

  /** Answers a request that is for no server. */
  refuse(stream: InboundStream, error: PosternError): void {
    new Exchange(this.#context, stream).fail(error);
    stream.resume();
  }

  /** Cuts the open WebSockets and event streams, which would never end by themselves. */
  closeLongLived(): void {
    for (const cut of this.#context.webSockets) cut();
    for (const response of this.#context.eventStreams) response.cut();
  }

  /** Ends every connection to the target at once. */
  close(): void {
    this.#context.pool.close();
    this.#context.target.server?.release();
  }
}

function rejectUnsupported({ head }: InboundStream): void {
  if (head.method === 'CONNECT' && head.protocol !== 'websocket') {
    throw new PosternError('ERR_METHOD_REFUSED', 'CONNECT is not carried to the target.');
  }
  if (!ORIGIN_FORM.test(head.path)) throw new PosternError('ERR_BAD_REQUEST', 'The path is not in origin form.');
}
