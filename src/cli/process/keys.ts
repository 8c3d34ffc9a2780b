/**
 * The keys of a terminal, one by one, while they are wanted. Ctrl-C and its like keep their meaning, and the terminal is restored
 * when the process ends in any way but SIGKILL, and while it is stopped or in the background.
 */
import { writeSync } from 'node:fs';
import type { ReadStream } from 'node:tty';
import { ownsTerminal } from './foreground.js';
import { BRACKETS_OFF, BRACKETS_ON, type Key, KeyDecoder } from './key-decoder.js';

// The shell's `fg` is no event of a process that runs already.
const FOREGROUND_CHECK_MS = 2_000;

export interface KeysOptions {
  readonly pressed: (key: Key) => void;
  /** The terminal is about to be another program's (`false`), or is ours (`true`). */
  readonly owned?: (isOurs: boolean) => void;
  readonly isInForeground?: () => boolean;
  /** Writes to the terminal at once. */
  readonly write?: (text: string) => void;
}

export class Keys {
  readonly #input: ReadStream;
  readonly #options: Required<KeysOptions>;
  readonly #decoder = new KeyDecoder();
  #isWanted = false;
  #isReading = false;
  #check: NodeJS.Timeout | undefined;

  /** `input` is a terminal. */
  constructor(input: ReadStream, options: KeysOptions) {
    this.#input = input;
    this.#options = { owned: () => {}, isInForeground: ownsTerminal, write: writeNow, ...options };
    input.on('error', () => {}); // the terminal is gone
  }

  /** Begins or ends to read keys. In the background none are read: the terminal is another program's then. */
  read(isWanted: boolean): void {
    if (isWanted === this.#isWanted) return;
    this.#isWanted = isWanted;
    const [listen, signals] = isWanted ? (['on', 'on'] as const) : (['off', 'off'] as const);
    this.#input[listen]('data', this.#data);
    process[signals]('exit', this.#restore);
    process[signals]('SIGCONT', this.#continue);
    process[signals]('SIGTSTP', this.#suspend);
    process[signals]('SIGQUIT', this.#quit);
    if (isWanted) this.#continue();
    else this.#stop();
  }

  #stop(): void {
    clearInterval(this.#check);
    this.#check = undefined;
    this.#input.pause();
    this.#restore();
  }

  readonly #restore = () => {
    if (!this.#isReading) return;
    this.#isReading = false;
    if (!this.#options.isInForeground()) return;
    this.#input.setRawMode(false);
    this.#options.write(BRACKETS_OFF);
  };

  // After Ctrl-Z the shell has set its own mode.
  readonly #continue = () => {
    const isOurs = this.#options.isInForeground();
    this.#isReading = isOurs;
    if (isOurs) this.#start();
    else this.#wait();
    this.#options.owned(isOurs);
  };

  #start(): void {
    clearInterval(this.#check);
    this.#check = undefined;
    this.#input.setRawMode(true);
    this.#options.write(BRACKETS_ON);
    this.#input.ref();
    this.#input.resume();
  }

  #wait(): void {
    this.#input.pause();
    this.#check ??= setInterval(() => {
      if (this.#options.isInForeground()) this.#continue();
    }, FOREGROUND_CHECK_MS).unref();
  }

  readonly #data = (data: Buffer) => {
    for (const key of this.#decoder.decode(data)) this.#press(key);
  };

  // In raw mode the terminal sends signals as characters.
  #press(key: Key): void {
    if (key.name === 'ctrl-c') process.kill(process.pid, 'SIGINT');
    else if (key.name === 'ctrl-\\') this.#quit();
    else if (key.name === 'ctrl-z') this.#suspend();
    else if (this.#isWanted) this.#options.pressed(key);
  }

  readonly #quit = () => {
    this.#options.owned(false);
    this.read(false);
    process.kill(process.pid, 'SIGQUIT'); // without a handler now
  };

  // The group of processes stops, as when the terminal sends the signal: npm or a pager is part of it. Where no shell could
  // continue it, the system ignores the signal.
  readonly #suspend = () => {
    if (process.platform === 'win32') return; // it has no such signal
    this.#options.owned(false);
    this.#restore();
    process.off('SIGTSTP', this.#suspend);
    process.kill(0, 'SIGTSTP');
    process.on('SIGTSTP', this.#suspend);
    this.#continue();
  };
}

function writeNow(text: string): void {
  try {
    writeSync(1, text);
  } catch {
    // A terminal that takes nothing now, or is gone: no mode is worth waiting for it.
  }
}
