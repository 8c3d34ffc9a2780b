/**
 * `npm run soak -- MINUTES [--inspect]`: mixed traffic through two tunnels with a checksum on every body, while the agent of one of
 * them is killed and started again. Prints after each leg what edge and agent hold; ends with 1 when a byte was wrong, an
 * act failed on the tunnel whose agent lives, or memory or handles are not back where they were after the first leg.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { RefusedUpgrade, type Visitor } from '../support/visitor.js';
import { startWorld, type World } from '../support/world.js';
import { Broken, WrongBytes } from './check.js';
import { complaints, type Holdings, holdings, judge, REPORTING } from './holdings.js';
import { ACTS, type Scene } from './traffic.js';

const VISITORS = 10;
const LEG_MS = 60_000;
const PAUSE_MS = 60;
// An act that takes longer is stuck.
const MAX_ACT_MS = 30_000;
// With `--inspect` the agents capture, as they do for a developer.
const INSPECTED: Record<string, string> = process.argv.includes('--inspect') ? { POSTERN_INSPECT: '127.0.0.1:0' } : {};

class Soak {
  readonly #world: World;
  readonly #visitors: Visitor[] = [];
  readonly #tally = new Map<string, number>();
  readonly failures: string[] = [];
  /** How often the agent that dies has been ended or started, the last time `#turnedMs` by the clock of `performance.now()`. */
  #turns = 0;
  #turnedMs = performance.now();

  constructor(world: World) {
    this.#world = world;
  }

  async signIn(): Promise<void> {
    for (let count = 0; count < VISITORS; count++) {
      const visitor = await this.#world.signedIn('ana');
      await visitor.signIn(`${this.#world.urlOf('steady')}/`, 'ana');
      this.#visitors.push(visitor);
    }
  }

  /** Traffic for a while, then nothing: every connection of a visitor is closed at the end. */
  async leg(ms: number): Promise<void> {
    const endMs = performance.now() + ms;
    await Promise.all([this.#churn(endMs), ...this.#visitors.map((visitor) => this.#roam(visitor, endMs))]);
    for (const visitor of this.#visitors) visitor.close();
    await this.#world.target.forget();
  }

  report(): string {
    return [...this.#tally]
      .sort()
      .map(([what, times]) => `${what} ${times}`)
      .join(', ');
  }

  async #roam(visitor: Visitor, endMs: number): Promise<void> {
    while (performance.now() < endMs) {
      const acts = Object.entries(ACTS);
      const [name, act] = acts[randomInt(acts.length)] as (typeof acts)[number];
      await this.#play(name, act, randomInt(3) === 0 ? 'steady' : 'demo', visitor);
      await delay(randomInt(PAUSE_MS));
    }
  }

  async #play(name: string, act: (scene: Scene) => Promise<void>, tunnel: string, visitor: Visitor): Promise<void> {
    const turns = this.#turns;
    const startedMs = performance.now() - this.#turnedMs;
    const url = this.#world.urlOf(tunnel);
    try {
      await act({ url, target: this.#world.target, visitor, signal: AbortSignal.timeout(MAX_ACT_MS) });
      this.#count(`${name} whole`);
    } catch (error) {
      // Odd while the agent is away, and in the act in which that changes.
      const isExcused = tunnel === 'demo' && (turns % 2 === 1 || this.#turns !== turns) && isBroken(error);
      this.#count(`${name} ${isExcused ? 'broken off' : 'FAILED'}`);
      if (!isExcused) this.failures.push(`${name} on ${tunnel}, ${this.#moment(turns, startedMs)}: ${describe(error)}`);
    }
  }

  /** When an act has begun and failed, relative to the last end or start of the agent that dies. */
  #moment(turns: number, startedMs: number): string {
    const turn = turns % 2 === 1 ? 'was ended' : turns === 0 ? 'was started first' : 'was started again';
    const endedMs = performance.now() - this.#turnedMs;
    const end = this.#turns === turns ? `${endedMs.toFixed()} ms` : `${endedMs.toFixed()} ms after the next turn`;
    return `from ${startedMs.toFixed()} ms after the agent ${turn} to ${end}`;
  }

  #turn(): void {
    this.#turns++;
    this.#turnedMs = performance.now();
  }

  async #churn(endMs: number): Promise<void> {
    while (performance.now() + 12_000 < endMs) {
      await delay(randomInt(5_000, 9_000));
      const { agent } = this.#world;
      this.#turn();
      if (randomInt(2) === 0) await agent.kill();
      else await agent.terminate();
      await delay(randomInt(500));
      await this.#world.startAgent();
      this.#turn();
      this.#count('agent started again');
    }
  }

  #count(what: string): void {
    this.#tally.set(what, (this.#tally.get(what) ?? 0) + 1);
  }
}

function isBroken(error: unknown): boolean {
  if (error instanceof WrongBytes) return false;
  if (error instanceof Broken || error instanceof RefusedUpgrade) return true;
  return error instanceof Error && 'code' in error && /^(ECONNRESET|EPIPE|ABORT_ERR)$/.test(String(error.code));
}

/** The error with the code of ours, where the answer had one. */
function describe(error: unknown): string {
  const code = error instanceof RefusedUpgrade ? `${error.headers['postern-error']} ` : '';
  return code + (error instanceof Error ? error.stack : String(error));
}

async function run(minutes: number): Promise<string[]> {
  const world = await startWorld({
    manyAddresses: true,
    tunnels: 'demo,steady',
    edgeEnv: REPORTING,
    agentEnv: { ...REPORTING, ...INSPECTED },
  });
  try {
    const demo = world.agent;
    const watched = { edge: world.edge, agent: await world.startAgent({ name: 'steady' }) };
    world.agent = demo;
    const soak = new Soak(world);
    await soak.signIn();
    const first: Partial<Record<keyof typeof watched, Holdings>> = {};
    const last: Partial<Record<keyof typeof watched, Holdings>> = {};
    const endMs = performance.now() + minutes * 60_000;
    while (last.edge === undefined || performance.now() + LEG_MS / 2 < endMs) {
      await soak.leg(Math.min(LEG_MS, (minutes * 60_000) / 3));
      for (const name of ['edge', 'agent'] as const) {
        last[name] = await holdings(watched[name], first[name]);
        first[name] ??= last[name];
        console.log(name, JSON.stringify(last[name]));
      }
      if (soak.failures.length > 0) break;
    }
    console.log(soak.report());
    const { failures } = soak;
    for (const name of ['edge', 'agent'] as const) {
      failures.push(...judge(name, first[name] as Holdings, last[name] as Holdings));
      failures.push(...complaints(watched[name]));
    }
    return failures;
  } finally {
    await world.close();
  }
}

const failures = await run(Number(process.argv[2] ?? 1));
for (const failure of failures.slice(0, 20)) console.error(`FOUND ${failure}`);
console.log(failures.length === 0 ? 'no wrong byte, nothing left over' : `${failures.length} found`);
process.exitCode = failures.length === 0 ? 0 : 1;
