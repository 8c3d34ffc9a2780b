/**
 * Forwards a request that the gate has let through: over the tunnel's link to the agent, and the answer back, both
 * streamed. A visitor who leaves ends the request at the target; an answer that breaks after its head has left breaks
 * at the visitor too, and is never made to look whole.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Assertions } from '../auth/assertion.js';
import type { Sessions } from '../auth/session.js';
import { filterTrailers, headerValue, type RawHeaders } from '../core/headers.js';
import type { BaseAddress } from '../core/hostname.js';
import { asPosternError, type ErrorCode, isErrorCode, PosternError } from '../errors.js';
import type { OutboundObserver, OutboundStream, RequestHead, ResponseHead } from '../link/stream.js';
import { answerHeaders } from './answer-headers.js';
import { breakOff } from './answers.js';
import type { Verdict } from './gate.js';
import { contextOf, hasBody } from './request.js';
import { type Introduction, targetHeaders } from './target-headers.js';

export type Forward = Extract<Verdict, { kind: 'forward' }>;

export interface ForwarderOptions {
  readonly base: BaseAddress;
  readonly sessions: Sessions;
  readonly assertions: Assertions;
  /** Answers a request whose answer's head has not left. */
  readonly refuse: (request: IncomingMessage, response: ServerResponse, error: PosternError) => void;
}

export class Forwarder {
  readonly #options: ForwarderOptions;

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  /** Forwards a request and its answer. Never rejects: every failure ends the answer. */
  async forward(request: IncomingMessage, response: ServerResponse, verdict: Forward): Promise<void> {
    try {
      const [head, cookie] = await Promise.all([this.requestHead(request, verdict), this.renewal(verdict)]);
      if (response.destroyed) return; // the visitor left while a cookie was sealed
      this.#run(request, response, verdict, head, cookie);
    } catch (error) {
      this.#fail(request, response, asPosternError(error));
    }
  }

  /** The head of the request as the agent receives it. Rejects when an identity cannot be carried. */
  async requestHead(request: IncomingMessage, verdict: Forward): Promise<RequestHead> {
    const context = contextOf(request);
    const { base } = this.#options;
    const introduction = await this.#introduce(verdict);
    return {
      method: request.method ?? 'GET',
      scheme: base.scheme,
      authority: context.host,
      path: request.url ?? '/',
      headers: targetHeaders(request.rawHeaders, context, base, introduction),
    };
  }

  /** The `Set-Cookie` line of a session that has slid. */
  async renewal({ session }: Forward): Promise<string | undefined> {
    return session === undefined ? undefined : this.#options.sessions.renew(session, { admitted: true });
  }

  /** Sends an answer's head to the visitor. Throws when a value cannot stand in HTTP/1.1. */
  sendHead(response: ServerResponse, head: ResponseHead, verdict: Forward, cookie: string | undefined): void {
    const error = readAgentError(head);
    if (error !== undefined) throw error;
    const isGated = verdict.rule !== 'public';
    response.sendDate = false; // the target's Date, or none: nothing is added to its answer
    response.writeHead(head.status, answerHeaders(head.headers, { host: verdict.tunnel.host, isGated, cookie }));
  }

  #run(
    request: IncomingMessage,
    response: ServerResponse,
    verdict: Forward,
    head: RequestHead,
    cookie: string | undefined,
  ): void {
    const fail = (error: PosternError) => this.#fail(request, response, error);
    const observer: OutboundObserver = {
      informational: (early) => sendEarly(response, early),
      response: (answer, endOfBody) => {
        try {
          this.sendHead(response, answer, verdict, cookie);
        } catch (error) {
          stream.cancel();
          return fail(asPosternError(error));
        }
        if (endOfBody) return void response.end();
        releaseHead(response);
        body.pipe(response);
      },
      trailers: (trailers) => sendTrailers(response, trailers),
      data: () => {},
      end: () => {},
      drain: () => {},
      failed: fail,
    };
    const endOfBody = !hasBody(request);
    const stream = verdict.link.open(head, { endOfBody }, observer);
    const body = stream.takeBody();
    if (!endOfBody) sendBody(request, stream, body);
    response.once('close', () => {
      // Also after a whole answer: an upload that nobody reads any more is given up with it.
      if (!response.writableFinished || !request.complete) stream.cancel();
    });
  }

  async #introduce({ session, tunnel }: Forward): Promise<Introduction | undefined> {
    if (session === undefined) return undefined;
    const { identity, id } = session;
    const assertion = await this.#options.assertions.sign({ audience: tunnel.origin, identity, sessionId: id });
    return { identity, assertion };
  }

  #fail(request: IncomingMessage, response: ServerResponse, error: PosternError): void {
    if (response.headersSent || response.destroyed) breakOff(response);
    else this.#options.refuse(request, response, error);
  }
}

/** What an agent may say of a request; any other code from it is none. */
const AGENT_CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'ERR_BAD_REQUEST',
  'ERR_METHOD_REFUSED',
  'ERR_TARGET_PROTOCOL',
  'ERR_TARGET_REFUSED',
  'ERR_TARGET_TIMEOUT',
]);

/** The agent's own voice: `postern-error` on an answer says that the target gave none. */
export function readAgentError({ headers }: ResponseHead): PosternError | undefined {
  const code = headerValue(headers, 'postern-error');
  if (code === undefined) return undefined;
  const isPermitted = isErrorCode(code) && AGENT_CODES.has(code);
  return new PosternError(isPermitted ? code : 'ERR_TARGET_PROTOCOL', `the agent reports ${code.slice(0, 40)}`);
}

function sendBody(request: IncomingMessage, stream: OutboundStream, body: Duplex): void {
  request.pipe(body);
  // A visitor who breaks off in the middle of a body: `pipe` would wait for an end that never comes.
  request.once('error', () => stream.cancel());
  body.once('close', () => {
    request.unpipe(body);
    request.resume(); // what still arrives is dropped, so that the connection can carry the next request
  });
}

/**
 * Lets the head leave although no byte of the body is here yet: `node:http` would keep it back for the first one, and an
 * event stream that is silent at first would look like a server that hangs. Body bytes that come at once travel along.
 */
function releaseHead(response: ServerResponse): void {
  const { socket } = response;
  socket?.cork();
  response.flushHeaders();
  setImmediate(() => socket?.uncork());
}

/** 103 and 102 are all that `node:http` can send early; an early head that it refuses is worth no error. */
function sendEarly(response: ServerResponse, { status, headers }: ResponseHead): void {
  if (response.headersSent || response.destroyed || response.req.httpVersionMinor === 0) return;
  if (status === 102) response.writeProcessing();
  if (status !== 103) return;
  const links: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    if ((headers[at] as string).toLowerCase() === 'link') links.push(headers[at + 1] as string);
  }
  try {
    if (links.length > 0) response.writeEarlyHints({ link: links });
  } catch {
    // a `Link` value outside Node's grammar: the hint is dropped, the answer itself will come
  }
}

function sendTrailers(response: ServerResponse, trailers: RawHeaders): void {
  const kept = filterTrailers(trailers);
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < kept.length; at += 2) pairs.push([kept[at] as string, kept[at + 1] as string]);
  if (pairs.length > 0) response.addTrailers(pairs);
}
