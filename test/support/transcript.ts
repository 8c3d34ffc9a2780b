/** What a stream has said so far, so that a test waits for words instead of for time. */
import type { Readable } from 'node:stream';
import { deferred } from './deferred.js';

/** Reads a stream from now on and keeps it as text. */
export class Transcript {
  /** Resolves with the error, if there was one, once the stream has ended or broken off. */
  readonly ended: Promise<Error | undefined>;
  #text = '';
  readonly #waiting = new Set<() => void>();

  constructor(stream: Readable) {
    const { promise, resolve } = deferred<Error | undefined>();
    this.ended = promise;
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      this.#text += text;
      for (const look of this.#waiting) look();
    });
    stream.on('error', resolve).on('end', () => resolve(undefined));
    stream.on('close', () => resolve(new Error('the stream closed before its end'))); // says nothing after the others
  }

  get text(): string {
    return this.#text;
  }

  /** Resolves once the words were said; rejects when the stream ends without them. */
  async says(words: string): Promise<void> {
    const { promise, resolve } = deferred<'said'>();
    const look = () => this.#text.includes(words) && resolve('said');
    this.#waiting.add(look);
    look();
    const outcome = await Promise.race([promise, this.ended]);
    this.#waiting.delete(look);
    if (outcome !== 'said' && !this.#text.includes(words)) {
      throw new Error(`the stream ended without ${JSON.stringify(words)}: ${JSON.stringify(this.#text)}`, {
        cause: outcome,
      });
    }
  }
}
