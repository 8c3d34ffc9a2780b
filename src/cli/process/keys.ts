/**
 * Single keys of a terminal, read while there is a question to answer and at no other time: until then the terminal works as
 * ever. Ctrl-C and its like keep their meaning, and the terminal is restored when the process ends in any way but SIGKILL.
 */
import type { ReadStream } from 'node:tty';

const INTERRUPT = '\x03';
const SUSPEND = '\x1a';
const QUIT = '\x1c';

export class Keys {
  readonly #input: ReadStream;
  readonly #pressed: (key: string) => void;
  #isReading = false;

  /** `input` is a terminal. */
  constructor(input: ReadStream, pressed: (key: string) => void) {
    this.#input = input;
    this.#pressed = pressed;
  }

  /** Begins or ends to read keys. */
  read(isWanted: boolean): void {
    if (isWanted === this.#isReading) return;
    this.#isReading = isWanted;
    if (isWanted) this.#start();
    else this.#stop();
  }

  #start(): void {
    this.#input.setRawMode(true);
    this.#input.on('data', this.#data);
    process.once('exit', this.#restore);
    process.on('SIGCONT', this.#resume);
    this.#input.ref();
    this.#input.resume();
  }

  #stop(): void {
    this.#input.off('data', this.#data);
    process.off('exit', this.#restore);
    process.off('SIGCONT', this.#resume);
    this.#input.pause();
    this.#restore();
  }

  readonly #restore = () => {
    this.#input.setRawMode(false);
  };

  // After Ctrl-Z the shell has set its own mode.
  readonly #resume = () => {
    this.#input.setRawMode(true);
  };

  readonly #data = (data: Buffer) => {
    for (const key of data.toString('utf8')) this.#key(key);
  };

  #key(key: string): void {
    // In raw mode the terminal sends these as characters (termios, ISIG).
    if (key === INTERRUPT) process.kill(process.pid, 'SIGINT');
    else if (key === QUIT) process.kill(process.pid, 'SIGQUIT');
    else if (key === SUSPEND) this.#suspend();
    else this.#pressed(key);
  }

  #suspend(): void {
    this.#restore();
    process.kill(process.pid, 'SIGSTOP'); // not SIGTSTP, for which libuv keeps the process running
  }
}
