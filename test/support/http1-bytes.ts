/** Requests of HTTP/1.1 as they stand on a socket, read without judging them: what is wrong with one is for its receiver to say. */
import type { Readable } from 'node:stream';

export interface ReadRequest {
  readonly method: string;
  readonly target: string;
  /** Names as they were written, and values without the white space around them. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** Reads the head of a request. */
export function readRequest(head: string): ReadRequest {
  const [start = '', ...lines] = head.split('\r\n');
  const [, method = '', target = ''] = /^(\S+) (.*) HTTP\/1\.\d$/s.exec(start) ?? [];
  const fields = lines.map((line) => {
    const colon = line.indexOf(':', 1); // the name of a pseudo-field begins with one
    return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')] as const;
  });
  return { method, target, fields };
}

export function firstValue({ fields }: ReadRequest, wanted: string): string | undefined {
  return fields.find(([name]) => name.toLowerCase() === wanted)?.[1];
}

// More than the requests that a test sends behind one another, but for their bodies.
const MAX_AHEAD_BYTES = 1 << 20;

/** The bytes of a socket, as they are asked for. */
export class Bytes {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);
  #reading: Promise<boolean> | undefined;

  constructor(from: Readable) {
    this.#chunks = from.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  }

  /** The text before `mark`, which is passed over; undefined when the socket ends without it. */
  async before(mark: string): Promise<string | undefined> {
    for (;;) {
      const at = this.#rest.indexOf(mark);
      if (at >= 0) {
        const text = this.#rest.toString('latin1', 0, at);
        this.#rest = this.#rest.subarray(at + mark.length);
        return text;
      }
      if (!(await this.#more())) return undefined;
    }
  }

  /** Resolves when the socket ends: whether it has before `until` aborts. Reads ahead meanwhile, what is little. */
  async isOver(until: AbortSignal): Promise<boolean> {
    while (!until.aborted && this.#rest.length < MAX_AHEAD_BYTES) if (!(await this.#more())) return !until.aborted;
    return false;
  }

  /** What is there next, at most so many bytes of it; undefined at the end. */
  async next(max = Number.POSITIVE_INFINITY): Promise<Buffer | undefined> {
    if (this.#rest.length === 0 && !(await this.#more())) return undefined;
    const next = this.#rest.subarray(0, max);
    this.#rest = this.#rest.subarray(next.length);
    return next;
  }

  /** So many bytes, in pieces. Throws when the socket ends before. */
  async *exactly(count: number): AsyncGenerator<Buffer> {
    for (let left = count; left > 0; ) {
      const chunk = await this.next(left);
      if (chunk === undefined) throw notWhole();
      left -= chunk.length;
      yield chunk;
    }
  }

  /** A body in chunks; gives its trailers at the end. Throws when the socket ends before, or where no chunk begins. */
  async *chunked(): AsyncGenerator<Buffer, ReadRequest['fields']> {
    for (;;) {
      const size = Number.parseInt(await this.#line(), 16);
      if (size === 0) return this.#trailers();
      if (!(size > 0)) throw notWhole();
      yield* this.exactly(size);
      await this.#line();
    }
  }

  async #trailers(): Promise<ReadRequest['fields']> {
    const lines: string[] = [];
    for (let line = await this.#line(); line !== ''; line = await this.#line()) lines.push(line);
    return readRequest(['', ...lines].join('\r\n')).fields;
  }

  async #line(): Promise<string> {
    const line = await this.before('\r\n');
    if (line === undefined) throw notWhole();
    return line;
  }

  #more(): Promise<boolean> {
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #read(): Promise<boolean> {
    const { done, value } = await this.#chunks.next();
    if (done === true) return false;
    this.#rest = this.#rest.length === 0 ? value : Buffer.concat([this.#rest, value]);
    return true;
  }
}

function notWhole(): Error {
  return new Error('the body is not whole');
}
