/**
 * `npm run fuzz -- MINUTES [--seed N]`: hammers a live edge with mutated requests, upgrades and links while a canary must
 * stay correct. A round is some dozens of attacks made from one seed. An edge that ends, an error of ours in its log or a
 * wrong answer ends the run with 1 and the seed; `--seed` repeats that round.
 */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { residentBytes } from '../bench/children.js';
import type { Program } from '../support/processes.js';
import { startTargetProcess } from '../support/target-remote.js';
import type { Visitor } from '../support/visitor.js';
import { startWorld } from '../support/world.js';
import { type Places, sendAttack, sendLink } from './attack.js';
import { Canary } from './canary.js';
import { linkAttacks } from './links.js';
import { attacks } from './requests.js';

const ATTACKS_OF_A_ROUND = 30;
const LINKS_OF_A_ROUND = 3;
const AT_ONCE = 6;
// A bounded rate: the machine may have other work.
const MIN_ROUND_MS = 700;
const MAX_VISIT_MS = 400;

const { values, positionals } = parseArgs({ allowPositionals: true, options: { seed: { type: 'string' } } });
const world = await startWorld({ manyAddresses: true, tunnels: 'demo,sibling,fuzz-*' });
const sibling = await startTargetProcess();
const tally = new Map<string, number>();
let rounds = 0;
try {
  const demoAgent = world.agent;
  const siblingAgent = await world.startAgent({ name: 'sibling', targetUrl: sibling.url });
  const ana = await world.signedIn('ana');
  await ana.signIn(`${world.urlOf('sibling')}/`, 'ana');
  const bob = world.visitor();
  const canary = new Canary([
    { url: world.url, target: world.target, visitor: ana },
    { url: world.urlOf('sibling'), target: sibling, visitor: ana },
  ]);
  await Promise.all([world.target.forget(), sibling.forget()]);
  await canary.open();
  const cast = { canary, bob, token: await world.token(), programs: [world.edge, demoAgent, siblingAgent] };

  const once = values.seed === undefined ? undefined : Number(values.seed);
  const first = once ?? Math.floor(Math.random() * 1_000_000_000);
  const endMs = performance.now() + Number(positionals[0] ?? 1) * 60_000;
  for (let seed = first; once === undefined ? performance.now() < endMs : seed === first; seed++) {
    if ((await tryRound(seed, cast)) === 'stop') break;
    if (++rounds % 100 === 0) report();
  }
  report();
  if (process.exitCode === undefined) console.log('nothing found');
} finally {
  await sibling.close();
  await world.close();
}

interface Cast {
  readonly canary: Canary;
  readonly bob: Visitor;
  readonly token: string;
  readonly programs: readonly Program[];
}

async function tryRound(seed: number, cast: Cast): Promise<'go on' | 'stop'> {
  const marks = cast.programs.map((program) => program.mark());
  try {
    const shortest = delay(MIN_ROUND_MS);
    await playRound(seed, cast);
    await cast.canary.judgeTargets();
    cast.programs.forEach((program, at) => {
      judgeProgram(program, marks[at] ?? 0);
    });
    await shortest;
    return 'go on';
  } catch (error) {
    console.error(`FOUND with --seed ${seed}:`, error);
    for (const [at, program] of cast.programs.entries()) {
      const lines = program.records(marks[at]).map((line) => JSON.stringify(line));
      console.error(`--- ${program.name}\n${program.stderr}${lines.join('\n')}`);
    }
    process.exitCode = 1;
    return 'stop';
  }
}

async function playRound(seed: number, { canary, bob, token }: Cast): Promise<void> {
  const places: Places = {
    port: world.port,
    tunnel: new URL(world.url).host,
    base: new URL(world.base).host,
    cookie: await cookieOf(bob),
  };
  const jobs: (() => Promise<void>)[] = fc
    .sample(attacks, { seed, numRuns: ATTACKS_OF_A_ROUND })
    .map((attack, at) => async () => count(`request ${await sendAttack(attack, `mark-${seed}-${at}`, places)}`));
  for (const [at, attack] of fc.sample(fc.noBias(linkAttacks), { seed, numRuns: LINKS_OF_A_ROUND }).entries()) {
    const name = `fuzz-${at}`;
    jobs.splice(at * 10, 0, async () =>
      count(`link ${await sendLink(attack, { places, name, token }, () => visit(bob, name))}`),
    );
  }
  const workers = Array.from({ length: AT_ONCE }, async () => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await job();
  });
  const song = canary.sing();
  await Promise.all([song, ...workers]);
  await canary.sing();
}

// Bob asks the tunnel of a hostile agent: any answer will do, and so will none.
async function visit(bob: Visitor, name: string): Promise<void> {
  const visits = Array.from({ length: 3 }, async (_, at) => {
    const signal = AbortSignal.timeout(MAX_VISIT_MS);
    const body = at === 2 ? 'x'.repeat(100_000) : undefined;
    const url = `${world.urlOf(name)}/visit`;
    const asked = bob.fetch(url, body === undefined ? { signal } : { signal, method: 'POST', body });
    count(
      await asked.then(
        ({ status }) => `visit ${status}`,
        () => 'visit broken',
      ),
    );
  });
  await Promise.all(visits);
}

// Among the attacks are sign-outs: then he signs in again, on all tunnels, since one sign-out ends them all.
async function cookieOf(bob: Visitor): Promise<string> {
  const isIn = async () => (await bob.fetch(`${world.url}/bob`)).status === 200;
  if (!(await isIn())) {
    bob.jar.clear();
    await bob.signIn(`${world.url}/bob`, 'bob');
    for (let at = 0; at < LINKS_OF_A_ROUND; at++) await bob.signIn(`${world.urlOf(`fuzz-${at}`)}/`, 'bob');
    assert.ok(await isIn(), 'Bob can sign in again');
  }
  return bob.jar.header(new URL(world.url));
}

function judgeProgram(program: Program, since: number): void {
  assert.equal(program.ended, undefined, `${program.name} has ended`);
  assert.equal(program.stderr, '', `${program.name} complains`);
  const bad = program.records(since).filter(({ level, code, event }) => {
    return level === 'error' || level === 'fatal' || code === 'ERR_INTERNAL' || event === 'offline';
  });
  assert.deepEqual(bad, [], `${program.name} logs errors of its own`);
}

function count(what: string): void {
  tally.set(what, (tally.get(what) ?? 0) + 1);
}

function report(): void {
  const counts = [...tally].sort().map(([what, times]) => `${what}: ${times}`);
  const megabytes = Math.round((residentBytes(world.edge.pid) ?? 0) / 1_048_576);
  console.log(`${rounds} rounds, edge ${megabytes} MB; ${counts.join(', ')}`);
}
