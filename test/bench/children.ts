/**
 * The programs of a measurement as processes of their own. What they print is read up to one line that says they are
 * ready and then thrown away, so that output costs nothing here. Whatever is left when this process ends is killed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chmodSync, constants, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

export interface ChildOptions {
  /** How failures call it. */
  readonly name: string;
  /** The program; this Node unless given. */
  readonly command?: string;
  readonly args: readonly string[];
  /** Added to the few names that every program needs. */
  readonly env?: Readonly<Record<string, string>>;
  /** How long it may take to say what is waited for. */
  readonly readyMs?: number;
  /** After which `run` ends it, and fails; without end unless given. */
  readonly maxMs?: number;
}

// Ending nicely takes a moment; a program that takes longer has no reason that matters here.
const END_MS = 5_000;
const READY_MS = 30_000;
const MAX_COMPLAINT_CHARS = 20_000;

/** The folder of this run, for configurations and bodies; removed at the end. */
export const FOLDER = mkdtempSync(join(tmpdir(), 'postern-bench-'));
chmodSync(FOLDER, 0o755); // nginx started by root reads it as another account

const running = new Set<Child>();
process.on('exit', () => {
  for (const child of running) child.kill();
  rmSync(FOLDER, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

/** A running (or ended) program. */
export class Child {
  readonly name: string;
  readonly pid: number;
  readonly exited: Promise<unknown>;
  readonly #process: ChildProcess;
  readonly #readyMs: number;
  #complaint = '';
  #ended = false;

  constructor({ name, command = process.execPath, args, env, readyMs = READY_MS }: ChildOptions) {
    this.name = name;
    this.#readyMs = readyMs;
    this.#process = spawn(command, args, {
      cwd: FOLDER,
      env: { ...inheritedEnv(), HOME: FOLDER, XDG_CONFIG_HOME: FOLDER, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.pid = this.#process.pid ?? 0;
    running.add(this);
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#complaint = (this.#complaint + text).slice(-MAX_COMPLAINT_CHARS);
    });
    this.exited = once(this.#process, 'close').then(() => {
      this.#ended = true;
      running.delete(this);
    });
    this.exited.catch(() => {}); // a program that cannot be started is told by whoever waits for a line of it
  }

  /** Starts a program and resolves, with the line, once it has printed one that passes the test. */
  static async ready(options: ChildOptions, test: (line: string) => boolean): Promise<Child & { line: string }> {
    const child = new Child(options);
    return Object.assign(child, { line: await child.lineThat(test) });
  }

  /** The first line to come that passes the test; from then on the output is thrown away. Rejects at the end of it. */
  async lineThat(test: (line: string) => boolean): Promise<string> {
    const { stdout } = this.#process;
    if (stdout === null) throw new Error(`${this.name} has no output`);
    const lines = createInterface({ input: stdout });
    const late = setTimeout(() => lines.close(), this.#readyMs);
    try {
      for await (const line of lines) if (test(line)) return line;
    } finally {
      clearTimeout(late);
      lines.close();
      stdout.removeAllListeners('data').resume();
    }
    throw new Error(`${this.name} said nothing of being ready:\n${this.#complaint}`);
  }

  /** Throws its output away from the start, and resolves once it answers a URL with success. Rejects when it ends. */
  async answers(url: string): Promise<void> {
    this.#process.stdout?.resume();
    const lateMs = performance.now() + READY_MS;
    while (!(await isAnswered(url))) {
      if (this.#ended || performance.now() > lateMs) throw new Error(`${this.name} does not run:\n${this.#complaint}`);
      await delay(20);
    }
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.#ended) this.#process.kill(signal);
  }

  kill(): void {
    this.signal('SIGKILL');
  }

  /** SIGTERM, and SIGKILL when that is not enough; resolves when it is gone. */
  async end(): Promise<void> {
    this.signal('SIGTERM');
    const late = setTimeout(() => this.kill(), END_MS);
    await this.exited;
    clearTimeout(late);
  }
}

/** Runs a program to its end and gives what it printed; rejects when it fails. */
export async function run({ name, command = process.execPath, args, env, maxMs = 0 }: ChildOptions): Promise<string> {
  const child = spawn(command, args, { cwd: FOLDER, env: { ...inheritedEnv(), ...env }, timeout: maxMs });
  let output = '';
  let complaint = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${name} ended with ${code}:\n${output}\n${complaint}`);
  return output;
}

/** The resident memory of a process in bytes; undefined where there is no `/proc`. */
export function residentBytes(pid: number): number | undefined {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readProc(pid, 'status'))?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/**
 * The processor time of a process so far, in microseconds; undefined where there is no `/proc`. Of the threads that run, which
 * is exact; where the kernel does not tell that, in ticks of 10 ms.
 */
export function processorUs(pid: number): number | undefined {
  const threads = threadsOf(pid).map((thread) => Number(readProc(pid, `task/${thread}/schedstat`).split(' ')[0]));
  const ns = threads.reduce((sum, one) => sum + one, 0);
  return ns > 0 ? ns / 1_000 : processorTicksUs(pid);
}

function processorTicksUs(pid: number): number | undefined {
  // Behind the name, which may hold blanks and brackets: user and system time are the 14th and 15th, in ticks of 10 ms.
  const [ticks, more] = readProc(pid, 'stat').split(') ').at(-1)?.split(' ').slice(11, 13) ?? [];
  return ticks === undefined || more === undefined ? undefined : (Number(ticks) + Number(more)) * 10_000;
}

/** The processes that a process has started. */
export function childrenOf(pid: number): number[] {
  const parents = new RegExp(`^PPid:\\s+${pid}$`, 'm');
  return readDirectory('/proc')
    .filter((name) => /^\d+$/.test(name) && parents.test(readProc(Number(name), 'status')))
    .map(Number);
}

/** The path of a command, if it is installed. */
export function findCommand(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function threadsOf(pid: number): string[] {
  return readDirectory(`/proc/${pid}/task`);
}

function readDirectory(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return []; // another system, or the process has ended
  }
}

function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1');
  } catch {
    return ''; // another system, or the process has ended
  }
}

async function isAnswered(url: string): Promise<boolean> {
  const response = await fetch(url).catch(() => undefined); // nobody listens yet
  await response?.arrayBuffer();
  return response?.ok ?? false;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // absent, or not for us
  }
}

function inheritedEnv(): Record<string, string> {
  const names = ['PATH', 'TMPDIR', 'NODE_PATH'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}
