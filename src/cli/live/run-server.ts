/**
 * Runs a development server and a tunnel to it: the tunnel starts when the server listens, follows it to another port, and both end
 * together.
 */
import { createServer } from 'node:net';
import type { AgentConfig } from '../../config/agent-config.js';
import type { Display, Format } from '../output/display.js';
import { announcedIn } from '../process/announced-ports.js';
import { plainLine, shownLine } from '../process/child-output.js';
import { DevServer } from '../process/dev-server.js';
import { devServerEnv } from '../process/dev-server-env.js';
import { CommandError, EXIT, printError } from '../process/exit.js';
import { TELLS_PORTS } from '../process/listening-ports.js';
import { ownName } from '../process/own-name.js';
import { PortFinder } from '../process/port-finder.js';
import { endSignal, exitCodeAfter } from '../process/signals.js';
import { explainRefusal } from './refusals.js';
import { RunningTunnel } from './running-tunnel.js';
import { openShared, type Shared } from './shared.js';

export interface RunPlan {
  /** Its target is not known yet. */
  readonly config: AgentConfig;
  readonly format: Format;
  readonly command: readonly [string, ...string[]];
  /** The port that the server was told. */
  readonly port: number | undefined;
}

const CHECK_MS = 250;
const FOLLOW_MS = 2_000;
const PATIENCE_MS = 60_000;

export async function runServer({ config, format, command, port }: RunPlan): Promise<void> {
  const name = config.name ?? ownName(process.cwd(), config.token);
  const shared = await openShared(config, format);
  const told = TELLS_PORTS ? undefined : Number(process.env['PORT'] ?? (await freePort()));
  const edge = new URL(config.edge).hostname;
  const server = new DevServer({
    command,
    env: devServerEnv(process.env, {
      host: `${name ?? ''}.${edge}`,
      port: told,
      isColoured: isColoured(shared.display),
    }),
    line: (line) => {
      finder?.announced(announcedIn(plainLine(line)));
      show(shared.display, line);
    },
  });
  // Its first output comes in a later turn.
  const finder = server.pid === undefined ? undefined : new PortFinder({ pid: server.pid, expected: port ?? told });
  const running = finder && new ServedTunnel(shared, { ...config, name }, finder);
  const signal = endSignal();
  const ended = server.ended.catch((error: NodeJS.ErrnoException) => error);
  const end = await Promise.race([signal, ended, running?.ended ?? never]);
  running?.leave();
  shared.keys?.close();
  shared.display.close();
  if (end instanceof Error && 'syscall' in end)
    throw new CommandError(`${command[0]} cannot be started (${(end as NodeJS.ErrnoException).code}).`);
  if (typeof end === 'string') printError('finishing what is running; Ctrl-C again ends at once');
  process.once('exit', () => server.kill());
  if (typeof end !== 'number') server.stop(typeof end === 'string' ? end : 'SIGTERM');
  const [code] = await Promise.all([ended, running?.close()]);
  await shared.display.drained();
  if (typeof end === 'object' && 'kind' in end && end.kind === 'failed') throw explainRefusal(end.error, config);
  if (typeof end === 'string') process.exit(exitCodeAfter(end));
  if (typeof end === 'number') process.exit(typeof code === 'number' ? code : EXIT.failure);
  printError('the time of this tunnel (--for) is over.');
  process.exit(EXIT.ok);
}

/** The tunnel of a server whose port has to be found. */
class ServedTunnel {
  /** Resolves with how the tunnel ended by itself. */
  readonly ended: RunningTunnel['ended'];
  readonly #shared: Shared;
  readonly #config: AgentConfig;
  readonly #finder: PortFinder;
  readonly #timer: { current?: NodeJS.Timeout } = {};
  readonly #startedMs = performance.now();
  #tunnel: RunningTunnel | undefined;
  #target: URL | undefined;
  #isImpatient = false;
  #isLeft = false;
  #resolveEnded: (end: Awaited<RunningTunnel['ended']>) => void = () => {};

  constructor(shared: Shared, config: AgentConfig, finder: PortFinder) {
    this.#shared = shared;
    this.#config = config;
    this.#finder = finder;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    shared.keepToken(() => this.#tunnel?.redial());
    this.#again();
  }

  leave(): void {
    this.#isLeft = true;
    clearTimeout(this.#timer.current);
    this.#tunnel?.leave();
  }

  async close(): Promise<void> {
    await this.#tunnel?.close();
  }

  #again(): void {
    if (!this.#isLeft)
      this.#timer.current = setTimeout(() => void this.#check(), this.#target === undefined ? CHECK_MS : FOLLOW_MS);
  }

  // A server that is being restarted has no port for a while.
  async #check(): Promise<void> {
    if (this.#target === undefined || !(await this.#finder.isOpen(this.#target))) {
      const target = await this.#finder.find();
      if (target !== undefined && !this.#isLeft && target.href !== this.#target?.href) this.#found(target);
    }
    if (this.#target === undefined && !this.#isImpatient && performance.now() - this.#startedMs > PATIENCE_MS) {
      this.#isImpatient = true;
      this.#shared.display.hint('the server listens on no port yet that can be seen: --port names it.');
    }
    this.#again();
  }

  #found(target: URL): void {
    const config = { ...this.#config, target };
    this.#target = target;
    if (this.#tunnel !== undefined) return void this.#tunnel.apply(config);
    try {
      this.#tunnel = new RunningTunnel(this.#shared, { config, name: config.name });
      void this.#tunnel.ended.then(this.#resolveEnded);
    } catch (error) {
      this.#resolveEnded({ kind: 'failed', error });
    }
  }
}

const never = new Promise<never>(() => {});

// A program reads JSON from standard output.
function show({ screen }: Display, line: string): void {
  if (screen === undefined) process.stderr.write(`${line}\n`);
  else screen.line(screen.columns === undefined ? plainLine(line) : `${screen.style('dim', '│')} ${shownLine(line)}`);
}

function isColoured({ screen }: Display): boolean {
  return screen !== undefined && screen.style('dim', 'x') !== 'x';
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
