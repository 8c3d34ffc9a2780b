/**
 * Output that is written a few times in a second rather than with each line (for a busy agent, a write for each request
 * costs as much as sending that request to the target), and that never waits for its reader: what a reader who has
 * stopped leaves unread waits in memory up to a bound; lines past it are dropped, counted and told of.
 */

// Too short for a person to notice.
const GATHER_MS = 20;

// Some ten thousand lines. Twice as much for what must not be lost.
const MAX_WAITING_CHARS = 4_000_000;

// A full disk may have room again; a second costs nobody anything.
const RETRY_MS = 1_000;

// A reader that has taken nothing for so long has stopped. A disk that is busy is faster.
const STALLED_MS = 2_000;

// The reader has gone, or the terminal: it does not come back.
const GONE = new Set(['EPIPE', 'EIO', 'ENXIO', 'EBADF', 'ECONNRESET', 'ERR_STREAM_DESTROYED']);

/** Where lines go; any `Writable` will do. */
export interface Output {
  write(text: string): unknown;
}

/** What takes text without making anybody wait. What it could not write it keeps, and tries with the next call. */
export interface Sink {
  write(text: string, done: (error?: Error | null) => void): void;
  /** As `write`, for one whose `write` would come too late when the process exits. */
  writeLast?(text: string): void;
}

export interface GatheredOutputOptions {
  /** The line that says how many were dropped, with its end. */
  readonly droppedLine?: (count: number) => string;
  /** Told once when writing fails, and again only after it worked. `isGone` says that it will not work again. */
  readonly failed?: (error: NodeJS.ErrnoException, isGone: boolean) => void;
  /** Takes a line that found no room, instead of its being dropped. */
  readonly overflow?: (line: string) => void;
}

export class BatchedOutput implements Output {
  readonly #sink: Sink;
  readonly #options: GatheredOutputOptions;
  #waiting = '';
  #timer: NodeJS.Timeout | undefined;
  /** Of the text that the sink has; zero when it has none. */
  #beingWrittenChars = 0;
  #beganMs = 0;
  #failure: 'passing' | 'gone' | undefined;
  #dropped = 0;
  #droppedEver = 0;
  #whenIdle: (() => void) | undefined;

  constructor(sink: Sink, options: GatheredOutputOptions = {}) {
    this.#sink = sink;
    this.#options = options;
  }

  /** How many lines were dropped so far. */
  get droppedLines(): number {
    return this.#droppedEver;
  }

  /** Whether the reader has gone for good. */
  get isGone(): boolean {
    return this.#failure === 'gone';
  }

  /** Whether what is written now can be expected to arrive: nothing failed, and the reader has not stopped. */
  get isFlowing(): boolean {
    if (this.#failure !== undefined || this.#waiting.length > MAX_WAITING_CHARS / 2) return false;
    return this.#beingWrittenChars === 0 || performance.now() - this.#beganMs < STALLED_MS;
  }

  write(text: string): void {
    if (!this.#take(text, MAX_WAITING_CHARS)) return;
    this.#timer ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  /** Writes a line that must not be lost with the process, behind those that wait. */
  writeNow(text: string): void {
    if (this.#take(text, 2 * MAX_WAITING_CHARS)) this.flush();
  }

  /** Writes what waits, once what was written before is out. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#beingWrittenChars === 0 && this.#failure === undefined) this.#pass();
  }

  /** Writes what waits whatever has become of what was written before. To be called when the process exits. */
  flushLast(): void {
    const text = this.#waiting;
    this.#waiting = '';
    if (text === '' || this.#failure !== undefined) return;
    if (this.#sink.writeLast === undefined) this.#sink.write(text, () => {});
    else this.#sink.writeLast(text);
  }

  /** Resolves when everything is out, or when `maxMs` are over. */
  async drained(maxMs: number): Promise<void> {
    this.flush();
    if (this.#beingWrittenChars === 0 || this.#failure !== undefined) return;
    await new Promise<void>((resolve) => {
      this.#whenIdle = resolve;
      setTimeout(resolve, maxMs);
    });
  }

  #take(text: string, most: number): boolean {
    const isRoom = this.#waiting.length + this.#beingWrittenChars + text.length <= most;
    if (isRoom && this.#failure !== 'gone') {
      this.#waiting += text;
      return true;
    }
    if (this.#options.overflow !== undefined) this.#options.overflow(text);
    else {
      this.#dropped += 1;
      this.#droppedEver += 1;
    }
    return false;
  }

  #pass(): void {
    let text = this.#waiting;
    this.#waiting = '';
    if (this.#dropped > 0) text += this.#options.droppedLine?.(this.#dropped) ?? '';
    this.#dropped = 0;
    if (text === '') {
      this.#whenIdle?.();
      return;
    }
    this.#beingWrittenChars = text.length;
    this.#beganMs = performance.now();
    this.#sink.write(text, (error) => this.#settle(error));
  }

  #settle(error: NodeJS.ErrnoException | null | undefined): void {
    if (error) {
      this.#fail(error);
      return;
    }
    this.#failure = undefined;
    this.#beingWrittenChars = 0;
    this.#pass();
  }

  #fail(error: NodeJS.ErrnoException): void {
    const isGone = GONE.has(error.code ?? '');
    if (this.#failure === undefined) this.#options.failed?.(error, isGone);
    this.#failure = isGone ? 'gone' : 'passing';
    if (isGone) this.#whenIdle?.();
    else setTimeout(() => this.#sink.write('', (again) => this.#settle(again)), RETRY_MS).unref();
  }
}
