/**
 * Starts the programs of a test as processes of their own: edge, agent, target and provider, compiled, on loopback.
 * Readiness is read from their output, what they print is kept for assertions, and a program that dies while a test
 * waits for it fails that wait at once with all it printed. Whatever is left when this process ends is killed.
 */
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { MAX_WAIT_MS } from './ceiling.js';
import { deferred } from './deferred.js';

export { freePort } from './free-port.js';

/** A JSON line that a program printed. */
export type Line = Readonly<Record<string, unknown>>;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ProgramOptions {
  /** How failures call it. */
  readonly name: string;
  /** The script to run with this Node, absolute; or the first argument of `command`. */
  readonly script: string;
  /** Another program than this Node. */
  readonly command?: string;
  readonly args?: readonly string[];
  /** The whole environment, but for the few names that every program needs. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly nodeArgs?: readonly string[];
  /** The folder to run in; an empty home unless given. */
  readonly cwd?: string;
  /** Open descriptors of this process that it inherits, as 3, 4 and so on. */
  readonly descriptors?: readonly number[];
}

/** The compiled `postern` command in a few files, with their compiled code (test/bundle.mjs), for a shorter start. */
export const POSTERN = compiled('../../bundled/postern/start.cjs');

/** The compiled `postern` command as it is shipped, a file per module: for what measures a start or memory. */
export const SHIPPED_POSTERN = compiled('../../src/cli/postern.js');

/** The test provider and the test target, bundled likewise. */
export const PROVIDER = compiled('../../bundled/provider-process/start.cjs');
export const TARGET = compiled('../../bundled/target-process/start.cjs');

/** What makes tokens (make-token.ts), for `require`. */
export const TOKEN_MAKER = compiled('../../bundled/make-token/main.cjs');

/** A home folder without configuration, removed when this process ends. */
const HOME = mkdtempSync(join(tmpdir(), 'postern-test-'));

const running = new Set<Program>();
process.on('exit', () => {
  for (const program of running) program.signal('SIGKILL');
  rmSync(HOME, { recursive: true, force: true });
});

/** The path of a compiled file beside this one. */
export function compiled(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}

/** A running (or ended) program and all that it printed. */
export class Program {
  readonly name: string;
  readonly pid: number;
  readonly exited: Promise<Exit>;
  readonly #process: ChildProcess;
  readonly #reader: Interface;
  readonly #listeners = new Set<() => void>();
  readonly #lines: string[] = [];
  readonly #read: (Line | undefined)[] = []; // of each line, from the first on: who waits looks at all of them again and again
  #errors = '';
  #exit: Exit | undefined;

  constructor(options: ProgramOptions) {
    const {
      name,
      script,
      command = globalThis.process.execPath,
      args = [],
      env = {},
      nodeArgs = [],
      cwd = HOME,
      descriptors = [],
    } = options;
    const process = spawn(command, [...nodeArgs, script, ...args], {
      env: { ...inheritedEnv(), HOME, XDG_CONFIG_HOME: HOME, ...env },
      cwd,
      stdio: ['ignore', 'pipe', 'pipe', ...descriptors],
    }) as ChildProcessByStdio<null, Readable, Readable>; // as the first three of `stdio` say
    this.name = name;
    this.pid = process.pid ?? 0;
    this.#process = process;
    this.#reader = createInterface({ input: process.stdout });
    this.#reader.on('line', (line) => this.#changed(() => this.#lines.push(line)));
    process.stderr.setEncoding('utf8').on('data', (text: string) => this.#changed(() => (this.#errors += text)));
    this.exited = this.#ended();
    running.add(this);
  }

  /** How it ended, if it has. */
  get ended(): Exit | undefined {
    return this.#exit;
  }

  get stdout(): string {
    return this.#lines.join('\n');
  }

  get stderr(): string {
    return this.#errors;
  }

  /** The lines of stdout so far that are JSON objects, from the `since`th line on. */
  records(since = 0): Line[] {
    for (let at = this.#read.length; at < this.#lines.length; at++) this.#read.push(readLine(this.#lines[at] ?? ''));
    return this.#read.slice(since).filter((line) => line !== undefined);
  }

  /** A point in the output, for `record` and `line` to look only at what comes after it. */
  mark(): number {
    return this.#lines.length;
  }

  /** The first JSON line, past or to come, that passes the test. Rejects when the program ends without it. */
  record(test: (line: Line) => boolean, since = 0): Promise<Line> {
    return this.#find(() => this.records(since).find(test), 'a JSON line');
  }

  /** The first line of stdout, past or to come, that passes the test. */
  line(test: (line: string) => boolean, since = 0): Promise<string> {
    return this.#find(() => this.#lines.slice(since).find(test), 'a line');
  }

  /** Resolves once stderr holds the text. */
  async complaint(text: string): Promise<void> {
    await this.#find(() => this.#errors.includes(text) || undefined, `"${text}" on stderr`);
  }

  /** Reads no more of its output: what it writes then stays in the pipe, which fills up. */
  hold(): void {
    this.#reader.pause();
  }

  /** Reads on after `hold`. */
  release(): void {
    this.#reader.resume();
  }

  /** Closes the reading end of its output. */
  stopReading(): void {
    this.#process.stdout?.destroy();
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#exit === undefined) this.#process.kill(signal);
  }

  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<Exit> {
    this.signal('SIGKILL');
    return this.exited;
  }

  /** SIGTERM; resolves when it is gone. */
  terminate(): Promise<Exit> {
    this.signal('SIGTERM');
    return this.exited;
  }

  /** Everything it printed, for a failure. */
  report(): string {
    return `--- ${this.name} (pid ${this.pid}) stdout\n${this.stdout}\n--- stderr\n${this.#errors}\n---`;
  }

  async #ended(): Promise<Exit> {
    const [code, signal] = (await once(this.#process, 'close')) as [number | null, NodeJS.Signals | null];
    const exit = { code, signal };
    this.#changed(() => {
      this.#exit = exit;
    });
    running.delete(this);
    return exit;
  }

  #changed(change: () => void): void {
    change();
    for (const listener of this.#listeners) listener();
  }

  #find<T>(look: () => T | undefined, what: string): Promise<T> {
    const { promise, resolve, reject } = deferred<T>();
    const fail = (why: string) => reject(new Error(`${this.name} ${why} before ${what} came\n${this.report()}`));
    const check = () => {
      const found = look();
      if (found !== undefined) resolve(found);
      else if (this.#exit !== undefined) fail(`ended (code ${this.#exit.code}, signal ${this.#exit.signal})`);
    };
    const ceiling = setTimeout(() => fail('was waited for too long'), MAX_WAIT_MS);
    this.#listeners.add(check);
    check();
    return promise.finally(() => {
      clearTimeout(ceiling);
      this.#listeners.delete(check);
    });
  }
}

/** Runs a program to its end. */
export async function run(options: ProgramOptions): Promise<{ exit: Exit; stdout: string; stderr: string }> {
  const program = new Program(options);
  const exit = await program.exited;
  return { exit, stdout: program.stdout, stderr: program.stderr };
}

/** Runs the `postern` command to its end. */
export function runPostern(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  place: Pick<ProgramOptions, 'cwd'> = {},
) {
  return run({ name: `postern ${args[0] ?? ''}`, script: POSTERN, args, env, ...place });
}

/** Whether there is a process of this id. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function inheritedEnv(): Record<string, string | undefined> {
  const { PATH, NODE_COMPILE_CACHE, NODE_V8_COVERAGE, TMPDIR } = process.env;
  return { PATH, NODE_COMPILE_CACHE, NODE_V8_COVERAGE, TMPDIR };
}

function readLine(line: string): Line | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Line;
  } catch {
    return undefined; // a line that only looks like JSON is text
  }
}
