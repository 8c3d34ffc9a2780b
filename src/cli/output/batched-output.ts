/**
 * Output that is written a few times a second rather than with each line (for a busy agent, a write for each request costs as
 * much as sending the request to the target), and that never waits for its reader: what a stopped reader leaves unread is held
 * in memory up to a bound; lines past it are dropped, counted and reported.
 */

// Too short for a person to notice.
const BATCH_MS = 20;

// With one line more, what an empty pipe takes at once (pipe(7)): to wait for more would save no write.
const MAX_BATCH_CHARS = 60_000;

// Some ten thousand lines. Twice as much for lines that must not be lost.
const MAX_PENDING_CHARS = 4_000_000;

// A full disk may have room again.
const RETRY_MS = 1_000;

// A reader that takes nothing for this long has stopped. Even a busy disk is faster.
const STALLED_MS = 2_000;

// The reader or the terminal has gone for good.
const GONE = new Set(['EPIPE', 'EIO', 'ENXIO', 'EBADF', 'ECONNRESET', 'ERR_STREAM_DESTROYED']);

/** A destination of lines; any `Writable` is one. */
export interface Output {
  write(text: string): unknown;
  /** Writes what waits. */
  flush?(): void;
  /** Lets everything wait, until it is called with `false`. */
  hold?(isHeld: boolean): void;
}

/** Accepts text without blocking. It keeps what it could not write and tries again with the next call. */
export interface Sink {
  write(text: string, done: (error?: Error | null) => void): void;
  /** A synchronous `write`, of what it has kept too, for a sink whose `write` would be too late when the process exits. */
  writeLast?(text: string): void;
}

export interface BatchedOutputOptions {
  /** How long a line may wait for others; 20 unless given. A write costs as much as to make a dozen lines. */
  readonly batchMs?: number;
  /** The line that reports how many were dropped, with its line end. */
  readonly droppedLine?: (count: number) => string;
  /** Called once when writing fails, and again only after it worked. `isGone`: it will not work again. */
  readonly failed?: (error: NodeJS.ErrnoException, isGone: boolean) => void;
  /** Receives a line that found no room, which is otherwise dropped. */
  readonly overflow?: (line: string) => void;
}

export class BatchedOutput implements Output {
  readonly #sink: Sink;
  readonly #options: BatchedOutputOptions;
  #pending = '';
  #timer: NodeJS.Timeout | undefined;
  /** The length of the text that the sink is writing; zero when idle. */
  #writingChars = 0;
  #writeStartedMs = 0;
  #failure: 'passing' | 'gone' | undefined;
  #isHeld = false;
  #dropped = 0;
  #droppedTotal = 0;
  #whenIdle: (() => void) | undefined;

  constructor(sink: Sink, options: BatchedOutputOptions = {}) {
    this.#sink = sink;
    this.#options = options;
  }

  /** How many lines were dropped so far. */
  get droppedLines(): number {
    return this.#droppedTotal;
  }

  /** Whether the reader has gone for good. */
  get isGone(): boolean {
    return this.#failure === 'gone';
  }

  /** Whether a line written now can be expected to arrive: nothing failed, and the reader has not stopped. */
  get isFlowing(): boolean {
    if (this.#failure !== undefined || this.#pending.length > MAX_PENDING_CHARS / 2) return false;
    return this.#writingChars === 0 || performance.now() - this.#writeStartedMs < STALLED_MS;
  }

  write(text: string): void {
    if (!this.#enqueue(text, MAX_PENDING_CHARS)) return;
    if (this.#pending.length >= MAX_BATCH_CHARS) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), this.#options.batchMs ?? BATCH_MS);
  }

  /** Writes a line that must not be lost with the process, after those that wait. */
  writeNow(text: string): void {
    if (this.#enqueue(text, 2 * MAX_PENDING_CHARS)) this.flush();
  }

  /** Writes what waits, once the previous write has ended. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#writingChars === 0 && this.#failure === undefined) this.#writeBatch();
  }

  /** Lets lines wait while a person reads (Ctrl-S), up to the same bound. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (!isHeld) this.flush();
  }

  /** Writes what waits, here or in the sink, even if the previous write has not ended. To be called when the process exits. */
  flushLast(): void {
    const text = this.#pending;
    const isWaiting = text !== '' || this.#writingChars > 0;
    this.#pending = '';
    this.#writingChars = 0; // once: a sink that is called twice may write its own rest twice
    if (!isWaiting || this.#failure !== undefined) return;
    if (this.#sink.writeLast === undefined) this.#sink.write(text, () => {});
    else this.#sink.writeLast(text);
  }

  /** Resolves when everything is written, or after `maxMs`. */
  async drained(maxMs: number): Promise<void> {
    this.flush();
    if (this.#writingChars === 0 || this.#failure !== undefined) return;
    await new Promise<void>((resolve) => {
      this.#whenIdle = resolve;
      setTimeout(resolve, maxMs);
    });
  }

  #enqueue(text: string, maxChars: number): boolean {
    const hasRoom = this.#pending.length + this.#writingChars + text.length <= maxChars;
    if (hasRoom && this.#failure !== 'gone') {
      this.#pending += text;
      return true;
    }
    if (this.#options.overflow !== undefined) this.#options.overflow(text);
    else {
      this.#dropped += 1;
      this.#droppedTotal += 1;
    }
    return false;
  }

  #writeBatch(): void {
    if (this.#isHeld) return;
    let text = this.#pending;
    this.#pending = '';
    if (this.#dropped > 0) text += this.#options.droppedLine?.(this.#dropped) ?? '';
    this.#dropped = 0;
    if (text === '') {
      this.#whenIdle?.();
      return;
    }
    this.#writingChars = text.length;
    this.#writeStartedMs = performance.now();
    this.#sink.write(text, (error) => this.#settle(error));
  }

  #settle(error: NodeJS.ErrnoException | null | undefined): void {
    if (error) {
      this.#fail(error);
      return;
    }
    this.#failure = undefined;
    this.#writingChars = 0;
    this.#writeBatch();
  }

  #fail(error: NodeJS.ErrnoException): void {
    const isGone = GONE.has(error.code ?? '');
    if (this.#failure === undefined) this.#options.failed?.(error, isGone);
    this.#failure = isGone ? 'gone' : 'passing';
    if (isGone) this.#whenIdle?.();
    else setTimeout(() => this.#sink.write('', (retryError) => this.#settle(retryError)), RETRY_MS).unref();
  }
}
