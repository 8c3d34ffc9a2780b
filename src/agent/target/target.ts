/**
 * Carries requests from a link to the target over HTTP/1.1 and the responses back, streaming both ways. The target is the
 * configured one whatever `:authority` and `:path` say; redirects are passed on and never followed.
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
import { TargetWebSocket } from './websocket.js';

export interface TargetOptions {
  readonly log: Log;
  /** Called once for each request, after its response. */
  readonly record: (record: RequestRecord) => void;
  /** Called with a sentence that tells the developer what to change at the target. */
  readonly hint: (text: string) => void;
  /** How long a connection may take to stand, in milliseconds; 10 000 unless said otherwise. */
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
      webSockets: new Set(),
      eventStreams: new Set(),
    };
  }

  /** Looks once whether the target is there, without a request, and hints at what is wrong. */
  async probe(): Promise<void> {
    const failure = await this.#context.pool.probe();
    if (failure === undefined) return;
    const error = asTargetError(failure, this.#context.target);
    this.#context.log.warn({ err: error, code: error.code }, 'the target cannot be reached yet');
    this.#hint(`${error.message}. Visitors get an error page until that has changed.`);
  }

  /** Answers one request. Never throws: whatever goes wrong ends this stream alone. */
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

  /** Cuts the open WebSockets and event streams, which would never end by themselves. */
  closeLongLived(): void {
    for (const cut of this.#context.webSockets) cut();
    for (const response of this.#context.eventStreams) response.cut();
  }

  /** Ends every connection to the target at once. */
  close(): void {
    this.#context.pool.close();
  }
}

function rejectUnsupported({ head }: InboundStream): void {
  if (head.method === 'CONNECT' && head.protocol !== 'websocket') {
    throw new PosternError('ERR_METHOD_REFUSED', 'CONNECT is not carried to the target.');
  }
  if (!ORIGIN_FORM.test(head.path)) throw new PosternError('ERR_BAD_REQUEST', 'The path is not in origin form.');
}
