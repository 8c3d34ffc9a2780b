/**
 * A development server as a child of this process: in a session of its own, so that a signal reaches all of its processes, and no
 * shell reads its command line. It ends with this process in any case: a watchman of a few kilobytes, whose standard input ends with
 * this process, ends the session if nothing else has.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { Lines } from './child-output.js';

export interface DevServerOptions {
  readonly command: readonly [string, ...string[]];
  readonly env: NodeJS.ProcessEnv;
  readonly line: (line: string) => void;
}

/** For how long it may finish after it was asked to end. */
const GRACE_MS = 5_000;

// The session is that of the process whose number is the argument.
const WATCHMAN = 'read -r _; kill -s TERM -- "-$1"; sleep 5; kill -s KILL -- "-$1"';

export class DevServer {
  /** The exit code as a shell has it; rejects when it could not be started. */
  readonly ended: Promise<number>;
  readonly #child: ChildProcess;
  #watchman: ChildProcess | undefined;
  #kill: NodeJS.Timeout | undefined;

  constructor({ command: [program, ...args], env, line }: DevServerOptions) {
    // Its input stays open: some programs end with it.
    this.#child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'], detached: true, shell: false });
    const outputs = [this.#child.stdout, this.#child.stderr].map((stream) => {
      const lines = new Lines(line);
      stream?.on('data', lines.push).on('end', lines.end).on('error', lines.end);
      return lines;
    });
    this.#child.stdin?.on('error', () => {}); // it has closed its input
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('exit', (code, signal) => {
        this.#left();
        setImmediate(() => {
          for (const lines of outputs) lines.end();
          resolve(code ?? 128 + constants.signals[signal as NodeJS.Signals]);
        });
      });
    });
    this.ended.catch(() => undefined); // its waiter has the error
    if (this.#child.pid !== undefined) this.#watch(this.#child.pid);
  }

  /** Undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Asks all of its processes to end, and ends them after a while. */
  stop(signal: NodeJS.Signals): void {
    this.#signal(signal);
    this.#kill ??= setTimeout(() => this.kill(), GRACE_MS);
  }

  kill(): void {
    this.#signal('SIGKILL');
  }

  #watch(pid: number): void {
    this.#watchman = spawn('/bin/sh', ['-c', WATCHMAN, 'sh', String(pid)], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    this.#watchman.on('error', () => {}); // there is no shell: then only this process ends the server
    this.#watchman.stdin?.on('error', () => {});
    this.#watchman.unref();
  }

  // What it has started ends with it, too.
  #left(): void {
    clearTimeout(this.#kill);
    if (this.#signal('SIGTERM')) this.#watchman?.stdin?.end();
    else this.#watchman?.kill('SIGKILL');
  }

  /** Whether there was a process to take it. */
  #signal(signal: NodeJS.Signals): boolean {
    if (this.#child.pid === undefined) return false;
    try {
      return process.kill(-this.#child.pid, signal);
    } catch {
      return false; // all of them have ended
    }
  }
}
