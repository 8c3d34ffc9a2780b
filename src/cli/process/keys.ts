/**
 * Single keys of a terminal, read while there is a question to answer and at no other time: until then the terminal works as
 * ever. Ctrl-C and its like keep their meaning, and the terminal is restored when the process ends in any way but SIGKILL.
 */
import { readFileSync } from 'node:fs';
import type { ReadStream } from 'node:tty';

const INTERRUPT = '\x03';
const SUSPEND = '\x1a';
const QUIT = '\x1c';

/** Whether this process may use its terminal. Known on Linux only; elsewhere it is assumed. */
function ownsTerminal(): boolean {
  try {
    // After the name in parentheses: state, ppid, pgrp, session, tty_nr, tpgid (proc(5)).
    const stat = readFileSync('/proc/self/stat', 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[2] === fields[5];
  } catch {
    return true; // another system
  }
}

export class Keys {
  readonly #input: ReadStream;
  readonly #pressed: (key: string) => void;
  readonly #isInForeground: () => boolean;
  #isReading = false;

  /** `input` is a terminal. */
  constructor(input: ReadStream, pressed: (key: string) => void, isInForeground = ownsTerminal) {
    this.#input = input;
    this.#pressed = pressed;
    this.#isInForeground = isInForeground;
    input.on('error', () => {}); // the terminal is gone
  }

  /** Begins or ends to read keys. In the background none are read: the terminal is another program's then. */
  read(isWanted: boolean): void {
    if (isWanted === this.#isReading || (isWanted && !this.#isInForeground())) return;
    this.#isReading = isWanted;
    if (isWanted) this.#start();
    else this.#stop();
  }

  #start(): void {
    this.#input.on('data', this.#data);
    process.once('exit', this.#restore);
    process.on('SIGCONT', this.#continue);
    this.#input.ref();
    this.#continue();
  }

  #stop(): void {
    this.#input.off('data', this.#data);
    process.off('exit', this.#restore);
    process.off('SIGCONT', this.#continue);
    this.#input.pause();
    this.#restore();
  }

  readonly #restore = () => {
    if (this.#isInForeground()) this.#input.setRawMode(false);
  };

  // After Ctrl-Z the shell has set its own mode. A process in the background that changes its terminal, or reads from it, is
  // stopped (SIGTTOU, SIGTTIN).
  readonly #continue = () => {
    if (!this.#isInForeground()) return void this.#input.pause();
    this.#input.setRawMode(true);
    this.#input.resume();
  };

  readonly #data = (data: Buffer) => {
    const text = data.toString('utf8');
    for (const key of text) this.#control(key);
    // A paste, a function key, or what was typed before there was a question does not answer it.
    if (text.length === 1) this.#pressed(text);
  };

  // In raw mode the terminal sends these as characters (termios, ISIG).
  #control(key: string): void {
    if (key === INTERRUPT) process.kill(process.pid, 'SIGINT');
    else if (key === QUIT) this.#quit();
    else if (key === SUSPEND) this.#suspend();
  }

  #quit(): void {
    this.#restore();
    process.kill(process.pid, 'SIGQUIT');
  }

  #suspend(): void {
    this.#restore();
    process.kill(process.pid, 'SIGSTOP'); // not SIGTSTP, for which libuv keeps the process running
  }
}
