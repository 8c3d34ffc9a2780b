/**
 * What a terminal sends, as keys: by the decoder of `node:readline`. Characters that arrive at once were pasted, or typed before
 * anybody read them: they are one paste, and never keys.
 */
import { EventEmitter } from 'node:events';
import { emitKeypressEvents, type Key as RawKey } from 'node:readline';

export interface Key {
  /** `return`, `escape`, `up`, `ctrl-u`, `paste`, or the character in lower case. */
  readonly name: string;
  /** The characters that it types, none of a key that types nothing; of a paste all of them, whatever they are. */
  readonly text: string;
}

/** What brackets a paste (DECSET 2004): without it the end of a long paste could pass for a key. */
export const BRACKETS_ON = '\x1b[?2004h';
export const BRACKETS_OFF = '\x1b[?2004l';

const ESCAPE: Key = { name: 'escape', text: '' };

// More than any line that a person is asked for.
const MAX_PASTE_CHARS = 4_096;

const CONTROL = /[\x00-\x1f\x7f]/;

export class KeyDecoder {
  readonly #source = new EventEmitter();
  #arrived: Key[] = [];
  /** What is in brackets so far, while they are open. */
  #pasted: string | undefined;

  constructor() {
    emitKeypressEvents(this.#source as unknown as NodeJS.ReadableStream); // it uses no more of it
    this.#source.on('keypress', (text: string | undefined, key: RawKey) => this.#add(text ?? '', key));
  }

  /** The keys of a chunk. */
  decode(data: Buffer): readonly Key[] {
    // The decoder would wait for the rest of a sequence; terminals write one whole.
    if (data.length === 1 && data[0] === 0x1b && this.#pasted === undefined) return [ESCAPE];
    this.#arrived = [];
    this.#source.emit('data', data);
    return asTyped(this.#arrived);
  }

  #add(text: string, key: RawKey): void {
    if (key.name === 'paste-start') this.#pasted = '';
    else if (key.name === 'paste-end') this.#endPaste();
    else if (this.#pasted === undefined) this.#arrived.push(toKey(text, key));
    else if (this.#pasted.length < MAX_PASTE_CHARS) this.#pasted += text;
  }

  #endPaste(): void {
    if (this.#pasted !== undefined) this.#arrived.push({ name: 'paste', text: this.#pasted });
    this.#pasted = undefined;
  }
}

function toKey(text: string, { name = text, ctrl, meta, sequence = '' }: RawKey): Key {
  // An escape in front (Alt) changes nothing about what would be a signal.
  const signal = SIGNAL_KEYS[sequence.slice(-1)];
  if (signal !== undefined) return { name: signal, text };
  const prefix = ctrl ? 'ctrl-' : meta ? 'meta-' : '';
  return { name: `${prefix}${name}`, text: meta ? '' : text };
}

// Held keys that edit may arrive together; whatever types something does so one by one, or is a paste.
function asTyped(keys: readonly Key[]): readonly Key[] {
  const signals = keys.filter(({ name }) => Object.values(SIGNAL_KEYS).includes(name));
  const others = keys.filter((key) => !signals.includes(key));
  const isPaste = others.length > 1 && others.some(typesSomething);
  if (isPaste) return [...signals, { name: 'paste', text: others.map(({ text }) => text).join('') }];
  return [...signals, ...others.map((key) => (typesText(key) ? key : { name: key.name, text: '' }))];
}

function typesSomething(key: Key): boolean {
  return typesText(key) || key.name === 'return' || key.name === 'enter' || key.name === 'escape';
}

function typesText({ name, text }: Key): boolean {
  return name === 'paste' || (text !== '' && !CONTROL.test(text));
}

/** What would be signals if the terminal were not in raw mode (termios, ISIG). */
const SIGNAL_KEYS: Readonly<Partial<Record<string, string>>> = {
  '\x03': 'ctrl-c',
  '\x1a': 'ctrl-z',
  '\x1c': 'ctrl-\\',
};
