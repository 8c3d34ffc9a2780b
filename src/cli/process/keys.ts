/**
 * Single keys of a terminal, read while there is a question to answer and at no other time: until then the terminal works as
 * ever. Ctrl-C and its like keep their meaning, and the terminal is restored when the process ends in any way but SIGKILL.
 */
import { readFileSync } from 'node:fs';
import type { ReadStream } from 'node:tty';

const INTERRUPT = '\x03';
const SUSPEND = '\x1a';
const QUIT = '\x1c';

function ignore(): void {}

/** Whether this process may use its terminal. Known on Linux only; elsewhere it is assumed. */
function isInForeground(): boolean {
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
    this.#input.on('error', ignore); // the terminal is gone
    this.#enterRawMode();
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
    if (isInForeground()) this.#input.setRawMode(false);
  };

  // After Ctrl-Z the shell has set its own mode.
  readonly #resume = () => this.#enterRawMode();

  // A process in the background that changes its terminal is stopped by it (SIGTTOU).
  #enterRawMode(): void {
    if (isInForeground()) this.#input.setRawMode(true);
  }

  readonly #data = (data: Buffer) => {
    const text = data.toString('utf8');
    // A paste, a function key, or what was typed before there was a question is no response to a question.
    if (text.length === 1) this.#key(text);
  };

  #key(key: string): void {
    // In raw mode the terminal sends these as characters (termios, ISIG).
    if (key === INTERRUPT) process.kill(process.pid, 'SIGINT');
    else if (key === QUIT) this.#quit();
    else if (key === SUSPEND) this.#suspend();
    else this.#pressed(key);
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
