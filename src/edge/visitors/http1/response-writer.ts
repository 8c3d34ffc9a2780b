/**
 * Writes a response over `node:http`. Its head waits for the end of the turn: a response that breaks before is replaced by
 * an error with a status, and one that is whole by then leaves in one piece.
 */
import type { ServerResponse } from 'node:http';
import type { ResponseHead } from '../../../http/exchange.js';
import { forEachField, type RawHeaders } from '../../../http/fields.js';
import { usualCase } from '../../../http/header-case.js';

// A body that is this short is given to `node:http` as text: it puts head and body into one string, one write and no list
// of buffers for the kernel. Past some kilobytes the copy costs more than that saves.
const MAX_TEXT_BYTES = 4_096;

// What may wait for a slow visitor before its stream is paused. Node's own mark, 16 kB, is one frame: each would stop and
// start the stream, and leave in a write of its own.
const MAX_UNSENT_BYTES = 131_072;

export interface ResponseWriterOwner {
  /** After `write` returned false: write on. */
  drained(): void;
  /** The head cannot be written as HTTP/1.1; nothing of it has left. */
  unsendable(error: unknown): void;
}

export class ResponseWriter {
  readonly #response: ServerResponse;
  readonly #owner: ResponseWriterOwner;
  #head: ResponseHead | undefined;
  // The beginning of the body until the turn is over.
  #held: Buffer | undefined;
  // What this turn has brought and not let go: nothing, a head with what is held, or bytes that are corked.
  #turn: 'nothing' | 'head' | 'bytes' = 'nothing';
  #isFull = false;

  constructor(response: ServerResponse, owner: ResponseWriterOwner) {
    this.#response = response;
    this.#owner = owner;
  }

  /** Takes the head. With `endOfBody`, `end` follows in the same turn. */
  respond(head: ResponseHead, endOfBody: boolean): void {
    this.#head = head;
    if (endOfBody) return;
    this.#turn = 'head';
    atEndOfTurn(this);
  }

  /** Takes the next bytes of the body. False when to wait for `drained`. */
  write(chunk: Buffer): boolean {
    if (this.#turn === 'head' && this.#held === undefined) {
      this.#held = chunk;
      return true;
    }
    if (this.#response.destroyed || !this.#sendHead()) return true;
    if (this.#turn !== 'bytes') this.#cork();
    this.#writeHeld();
    this.#response.write(chunk);
    return this.#hasRoom();
  }

  end(trailers: RawHeaders): void {
    if (this.#response.destroyed || !this.#sendHead()) return;
    if (trailers.length > 0) addTrailers(this.#response, trailers);
    this.#turn = 'nothing'; // an end lets everything go
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined) this.#response.end();
    else if (held.length > MAX_TEXT_BYTES) this.#response.end(held);
    else if (this.#response.chunkedEncoding) this.#response.end(held.toString('latin1'), 'latin1');
    else this.#endWith(held.toString('latin1'));
  }

  /** Drops what has not left. */
  discard(): void {
    const isCorked = this.#turn === 'bytes';
    this.#turn = 'nothing';
    this.#head = undefined;
    this.#held = undefined;
    if (isCorked) this.#response.socket?.uncork(); // a part of a response says more than an empty reply
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

  // False when it cannot be sent: the owner knows why.
  #sendHead(): boolean {
    const head = this.#head;
    if (head === undefined) return true;
    this.#head = undefined;
    try {
      this.#response.writeHead(head.status, this.#fieldsOf(head)); // adds a `Date` if there is none (RFC 9110 section 6.6.1)
      return true;
    } catch (error) {
      this.#owner.unsendable(error);
      return false;
    }
  }

  // Which protocol is required ends at this hop, and here it can only be this one (RFC 9110 section 15.5.22).
  #fieldsOf({ status, headers }: ResponseHead): string[] {
    if (status !== 426) return headers as string[]; // `node:http` only reads the list
    const connection = this.#response.shouldKeepAlive ? 'Upgrade' : 'Upgrade, close';
    return [...headers, 'Upgrade', 'websocket', 'Connection', connection];
  }

  // Written before the end: an end that has bytes to send adds an empty piece to them, and two pieces are a list for the
  // kernel again.
  #endWith(text: string): void {
    this.#response.write(text, 'latin1');
    this.#response.socket?.uncork();
    this.#response.end();
  }

  #hasRoom(): boolean {
    if (this.#isFull) return false;
    if (this.#response.writableLength < MAX_UNSENT_BYTES) return true;
    this.#isFull = true;
    this.#response.once('drain', () => {
      this.#isFull = false;
      this.#owner.drained();
    });
    return false;
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
}

function addTrailers(response: ServerResponse, trailers: RawHeaders): void {
  const pairs: [string, string][] = [];
  forEachField(trailers, (name, value) => pairs.push([usualCase(name.toLowerCase()), value]));
  response.addTrailers(pairs);
}

// The end of a turn is after all that has arrived: what a busy link brings for one visitor leaves in one write. One
// immediate for all of them, since making one costs as much as all else that happens to a response at the end of its turn.
let waiting: ResponseWriter[] = [];

function atEndOfTurn(writer: ResponseWriter): void {
  if (waiting.push(writer) === 1) setImmediate(endTurn);
}

function endTurn(): void {
  const all = waiting;
  waiting = [];
  for (const writer of all) writer.release();
}
