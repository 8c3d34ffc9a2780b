/**
 * Destinations of output that never block: standard streams and files. Node blocks the event loop while it writes to a terminal
 * or a file: Ctrl-S in the terminal of an edge would stop all of its tunnels.
 */
import { close, constants, fstatSync, openSync, write, writeSync } from 'node:fs';
import { EXIT, printError } from '../process/exit.js';
import type { Sink } from './batched-output.js';

// The wait for the slow reader of a full pipe or terminal that was opened as a file.
const FULL_RETRY_MS = 50;

type StandardStream = NodeJS.WriteStream & { readonly fd: 1 | 2 };

/** Exits without an error when the reader of standard output has gone (`| head`). */
export function exitWithReader(): void {
  process.stdout.on('error', exitOnClosedPipe);
}

function exitOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
}

/** Standard output or error of a command that runs until it is interrupted: it outlives its readers. */
export function standardSink(stream: StandardStream): Sink {
  const stats = fstatSync(stream.fd);
  if (stats.isFile() || (stats.isCharacterDevice() && !stream.isTTY)) return new FileSink(stream.fd);
  unblock(stream);
  return { write: (text, done) => stream.write(text, done) };
}

/** Makes writes to a standard stream non-blocking, and lets its reader go without ending the process. */
export function unblock(stream: StandardStream): void {
  stream.off('error', exitOnClosedPipe);
  stream.on('error', () => {}); // the callback of each write reports it
  // On the untyped handle, as the package `set-blocking` does the reverse.
  const { _handle: handle } = stream as { _handle?: { setBlocking?: (isBlocking: boolean) => void } };
  if (!fstatSync(stream.fd).isFile()) handle?.setBlocking?.(false);
}

/** Reports on standard error that standard output cannot be written. */
export function reportOutputFailure({ code }: NodeJS.ErrnoException, isGone: boolean): void {
  if (isGone) printError(`the reader of standard output has gone (${code}): nothing more is written there.`);
  else printError(`standard output cannot be written (${code}): what is written there waits.`);
}

/** A file, appended to by the system's threads. */
export class FileSink implements Sink {
  #fd: number;
  #rest: Buffer = Buffer.alloc(0);
  #path: string | undefined;
  #isWriting = false;
  /** The file that was rotated during a write. */
  #previousFd: number | undefined;

  /** Of a descriptor, or of a path that is created for its owner alone. Throws the system's error. */
  constructor(file: number | string) {
    this.#path = typeof file === 'string' ? file : undefined;
    this.#fd = typeof file === 'number' ? file : openToAppend(file);
  }

  write(text: string, done: (error?: Error | null) => void): void {
    this.#rest = Buffer.concat([this.#rest, Buffer.from(text)]);
    if (!this.#isWriting) this.#next(done);
  }

  /** Reopens the path after the file was rotated. Throws the system's error and keeps the old file then. */
  reopen(): void {
    if (this.#path === undefined) return;
    const fd = openToAppend(this.#path);
    if (this.#isWriting && this.#previousFd === undefined) this.#previousFd = this.#fd;
    else close(this.#fd, () => {}); // nothing can be done about it
    this.#fd = fd;
  }

  /** Writes synchronously, while the process exits. */
  writeLast(text: string): void {
    try {
      writeSync(this.#fd, this.#isWriting ? text : `${this.#rest}${text}`);
    } catch {
      // the process is exiting: there is no later attempt, and nowhere to report it
    }
  }

  #next(done: (error?: Error | null) => void): void {
    this.#isWriting = true;
    write(this.#fd, this.#rest, 0, this.#rest.length, null, (error, written) => {
      this.#isWriting = false;
      if (this.#previousFd !== undefined) close(this.#previousFd, () => {}); // as above
      this.#previousFd = undefined;
      if (error?.code === 'EAGAIN') return void setTimeout(() => this.#next(done), FULL_RETRY_MS).unref();
      if (error !== null) return done(error);
      this.#rest = this.#rest.subarray(written);
      if (this.#rest.length === 0) done();
      else this.#next(done);
    });
  }
}

// O_NONBLOCK: neither opening nor writing a named pipe waits for its reader.
function openToAppend(path: string): number {
  return openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK, 0o600);
}
