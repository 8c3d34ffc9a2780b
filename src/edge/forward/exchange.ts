/**
 * One forwarded request: its body goes to the agent and what the agent says of it to the visitor, both as they come. A
 * visitor who leaves ends the request at the target; a response that breaks after its head has left breaks at the visitor
 * too, and is never made to look whole. One object and no pipes: this is the path of every request.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { asPosternError, PosternError } from '../../errors.js';
import type { OutboundObserver, OutboundStream, RequestHead, ResponseHead } from '../../http/exchange.js';
import type { RawHeaders } from '../../http/header-rules.js';
import type { Admitted } from '../gate/gate.js';
import { noteCut } from '../ops/outcome.js';
import { breakOff } from '../replies/replies.js';
import { hasBody } from '../request/checks.js';
import { partyOf } from './party.js';
import { InterimHeads, readAgentError, sendHead, sendTrailers } from './response-head.js';
import { Upload } from './upload.js';

// A body that is this short is given to `node:http` as text: it puts head and body into one string, one write and no list
// of buffers for the kernel. Past some kilobytes the copy costs more than that saves.
const MAX_TEXT_BYTES = 4_096;

// What may wait for a slow visitor before its stream is paused. Node's own mark, 16 kB, is one frame: each would stop and
// start the stream, and leave in a write of its own.
const MAX_UNSENT_BYTES = 131_072;

/** Answers a request whose response's head has not left. */
export type Refuse = (request: IncomingMessage, response: ServerResponse, error: PosternError) => void;

export class Forwarding implements OutboundObserver {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #verdict: Admitted;
  readonly #refuse: Refuse;
  #cookie: string | undefined;
  #stream: OutboundStream | undefined;
  #upload: Upload | undefined;
  #interim: InterimHeads | undefined;
  // The head until it leaves: of a response that breaks before, the visitor still gets an error with a status.
  #head: ResponseHead | undefined;
  // The beginning of the body until the turn is over: a response that is whole by then leaves in one piece.
  #held: Buffer | undefined;
  // What this turn has brought and not let go: nothing, a head with what is held, or bytes that are corked.
  #turn: 'nothing' | 'head' | 'bytes' = 'nothing';
  #isPaused = false;

  constructor(request: IncomingMessage, response: ServerResponse, verdict: Admitted, refuse: Refuse) {
    this.#request = request;
    this.#response = response;
    this.#verdict = verdict;
    this.#refuse = refuse;
  }

  /** Opens the stream, unless the visitor has left meanwhile. `cookie` is a `Set-Cookie` line of ours. */
  open(head: RequestHead, cookie: string | undefined): void {
    if (this.#response.destroyed) return;
    this.#cookie = cookie;
    const endOfBody = !hasBody(this.#request);
    const party = partyOf(this.#request, this.#verdict);
    const stream = this.#verdict.link.open(head, { endOfBody, party }, this);
    if (!endOfBody) this.#upload = new Upload(this.#request, stream);
    this.take(stream);
  }

  /** Takes a stream that has been opened, before its response. */
  take(stream: OutboundStream): void {
    this.#stream = stream;
    this.#response.on('close', () => this.#closed());
  }

  /** Where the request's body goes; undefined when it has none, or there is no stream. */
  get upload(): OutboundStream | undefined {
    return this.#upload === undefined ? undefined : this.#stream;
  }

  /** Ends the request because the app does not take its body. */
  giveUp(): void {
    this.#give(new PosternError('ERR_TARGET_TIMEOUT', 'the app does not take the request'));
  }

  informational(head: ResponseHead): void {
    this.#interim ??= new InterimHeads(this.#response);
    this.#interim.send(head, this.#verdict.tunnel.host);
  }

  response(head: ResponseHead, endOfBody: boolean): void {
    if (this.#response.destroyed) return;
    const error = readAgentError(head);
    if (error !== undefined) {
      this.#give(error);
      return;
    }
    this.#head = head;
    if (endOfBody) return; // `end` follows
    this.#turn = 'head';
    atEndOfTurn(this);
  }

  data(chunk: Buffer): void {
    if (this.#turn === 'head' && this.#held === undefined) this.#held = chunk;
    else this.#write(chunk);
  }

  trailers(trailers: RawHeaders): void {
    if (!this.#response.destroyed && this.#sendHead()) sendTrailers(this.#response, trailers);
  }

  end(): void {
    if (this.#response.destroyed || !this.#sendHead()) return;
    this.#turn = 'nothing'; // an end lets everything go
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined) this.#response.end();
    else if (held.length > MAX_TEXT_BYTES) this.#response.end(held);
    else if (this.#response.chunkedEncoding) this.#response.end(held.toString('latin1'), 'latin1');
    else this.#endWith(held.toString('latin1'));
  }

  drain(): void {
    this.#upload?.resume();
  }

  failed(error: PosternError): void {
    this.#upload?.stop(); // what is left of it is dropped, or its visitor could not hear why
    const isCorked = this.#turn === 'bytes';
    this.#turn = 'nothing';
    this.#head = undefined;
    this.#held = undefined;
    if (!this.#response.headersSent && !this.#response.destroyed) {
      this.#refuse(this.#request, this.#response, error);
      return;
    }
    if (isCorked) this.#response.socket?.uncork(); // a part of a response says more than an empty reply
    noteCut(this.#response, error);
    breakOff(this.#response);
  }

  /**
   * Lets go what this turn has brought. The head too when no byte of the body is here yet: `node:http` would keep it back
   * for the first one, and an event stream that is silent at first would look like a server that hangs.
   */
  release(): void {
    const turn = this.#turn;
    this.#turn = 'nothing';
    if (turn === 'nothing' || this.#response.destroyed) return;
    if (turn === 'bytes') this.#response.socket?.uncork();
    else if (!this.#sendHead()) return;
    else if (this.#held === undefined) this.#response.flushHeaders();
    else this.#writeHeld();
  }

  // Written before the end: an end that has bytes to send adds an empty piece to them, and two pieces are a list for the
  // kernel again.
  #endWith(text: string): void {
    this.#response.write(text, 'latin1');
    this.#response.socket?.uncork();
    this.#response.end();
  }

  // False when it cannot be sent: the visitor has been told why.
  #sendHead(): boolean {
    const head = this.#head;
    if (head === undefined) return true;
    this.#head = undefined;
    try {
      sendHead(this.#response, head, this.#verdict, this.#cookie);
      return true;
    } catch (error) {
      this.#give(asPosternError(error));
      return false;
    }
  }

  // Ends the stream, which goes on at the agent, and tells the visitor.
  #give(error: PosternError): void {
    this.#stream?.cancel();
    this.failed(error);
  }

  #write(chunk: Buffer): void {
    if (this.#response.destroyed || !this.#sendHead()) return;
    if (this.#turn !== 'bytes') this.#cork();
    this.#writeHeld();
    this.#response.write(chunk);
    if (this.#isPaused || this.#response.writableLength < MAX_UNSENT_BYTES) return;
    this.#isPaused = true;
    this.#stream?.pause();
    this.#response.once('drain', () => {
      this.#isPaused = false;
      this.#stream?.resume();
    });
  }

  // The socket, and not the response: Node 24 gathers the chunks of a corked response, and may end it in the middle.
  #cork(): void {
    this.#response.socket?.cork();
    if (this.#turn === 'nothing') atEndOfTurn(this);
    this.#turn = 'bytes';
  }

  #writeHeld(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#response.write(held);
  }

  #closed(): void {
    // Also after a whole response: an upload that nobody reads any more is given up with it.
    if (!this.#response.writableFinished || !this.#request.complete) this.#stream?.cancel();
    this.#upload?.stop();
  }
}

// The end of a turn is after all that has arrived: what a busy link brings for one visitor leaves in one write. One
// immediate for all of them, since making one costs as much as all else that happens to a response at the end of its turn.
let waiting: Forwarding[] = [];

function atEndOfTurn(forwarding: Forwarding): void {
  if (waiting.push(forwarding) === 1) setImmediate(endTurn);
}

function endTurn(): void {
  const all = waiting;
  waiting = [];
  for (const forwarding of all) forwarding.release();
}
