/** Attacks by those who may change something, ask for something or wait for something: the API, invites, requests, device codes. */
import { MAX_STREAMS, MAX_STREAMS_OF_ONE } from '../../src/edge/api/events.js';
import { MAX_WAITING } from '../../src/edge/oauth/device-codes.js';
import { MAX_INVITES } from '../../src/edge/people/invites.js';
import { CHANGES, DEVICE_REQUESTS, KNOCKS, WRONG_CODES, WRONG_INVITES } from '../../src/edge/request/limits.js';
import { apiOf } from '../support/api.js';
import { address } from '../support/hostile-clients.js';
import { rawExchange } from '../support/visitor.js';
import { readResponse } from '../support/wire.js';
import { type Attack, type Ground, pause, repeat, type Tally } from './attack.js';

const AT_ONCE = 25;
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

/** Acts so many times at once until the attack is over; throws when more of them did something than may within its time. */
async function many(
  ground: Ground,
  act: (count: number) => Promise<number>,
  bound: { readonly done: number; readonly most: (minutes: number) => number },
): Promise<Tally> {
  const startMs = performance.now();
  const tally = await repeat(ground, async (counts, round) => {
    const acts = Array.from({ length: AT_ONCE }, (_, at) => act(round * AT_ONCE + at));
    for (const outcome of await Promise.allSettled(acts))
      counts.add(outcome.status === 'fulfilled' ? outcome.value : 'no response');
  });
  // A minute at either end may be a part of one.
  const most = bound.most(Math.ceil((performance.now() - startMs) / 60_000) + 1);
  const done = tally.get(String(bound.done)) ?? 0;
  if (done === 0 || done > most) throw new Error(`${done} had an effect, at most ${most} may: ${tally}`);
  return tally;
}

async function changes(ground: Ground): Promise<Tally> {
  const api = await apiOf(ground.world);
  const grant = async (count: number) =>
    (await api('PUT', `/tunnels/demo/grants/p${count}%40elsewhere.test`, { effect: 'allow' })).status;
  return many(ground, grant, { done: 200, most: (minutes) => CHANGES.points * minutes });
}

async function invites(ground: Ground): Promise<Tally> {
  const api = await apiOf(ground.world);
  const invite = async () => (await api('POST', '/tunnels/demo/invites', {})).status;
  return many(ground, invite, { done: 201, most: () => MAX_INVITES });
}

/** Forms of a page of the base host, posted by a signed-in person. */
async function forms(
  ground: Ground,
  account: string,
  form: {
    readonly path: string;
    readonly body: (count: number) => string;
    readonly done: number;
    readonly most: number;
  },
): Promise<Tally> {
  const { world, ends } = ground;
  const visitor = await world.signedIn(account);
  ends.push(() => visitor.close());
  const post = async (count: number) =>
    (await visitor.fetch(world.base + form.path, { method: 'POST', headers: FORM, body: form.body(count) })).status;
  return many(ground, post, { done: form.done, most: () => form.most });
}

function deviceCodes(ground: Ground, addresses: number): Promise<Tally> {
  const { world } = ground;
  const body = 'client_id=postern';
  const head = `POST /oauth2/device_authorization HTTP/1.1\r\nHost: ${new URL(world.base).host}\r\nConnection: close\r\n`;
  const request = `${head}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const start = async (count: number) =>
    readResponse(await rawExchange(world.port, request, undefined, address(25, count % addresses))).status;
  const ofAddresses = (minutes: number) => addresses * DEVICE_REQUESTS.points * minutes;
  return many(ground, start, { done: 200, most: (minutes) => Math.min(MAX_WAITING, ofAddresses(minutes)) });
}

/** Streams of events that stay open, of so many owners; each round opens more of them. */
async function eventStreams(ground: Ground, owners: number): Promise<Tally> {
  const { world, over, ends } = ground;
  const tokens = await Promise.all(
    Array.from({ length: owners }, (_, at) => world.token({ owner: `owner${at}@acme.com`, tunnels: '*' })),
  );
  const reader = world.visitor();
  const most = Math.min(MAX_STREAMS, owners * MAX_STREAMS_OF_ONE);
  let open = 0;
  return repeat(ground, async (tally, round) => {
    const opened = Array.from({ length: AT_ONCE }, async (_, at) => {
      const authorization = `Bearer ${tokens[(round * AT_ONCE + at) % owners]}`;
      const options = { headers: { authorization }, signal: over };
      const { status, body } = await reader.stream(`${world.base}/.postern/api/v1/events`, 'bare', options);
      tally.add(status);
      body.on('error', () => {}).resume(); // ended by the attack
      if (status !== 200) return;
      tally.peak('at once', ++open);
      ends.push(() => body.destroy());
    });
    await Promise.allSettled(opened); // those that are under way when it is over
    if (open > most) throw new Error(`${open} streams of events are open, at most ${most} may be`);
    if (open === most) await pause(over, 100);
  });
}

const guess = (count: number) => `to=demo&code=${count}`;
// From consonants, as the real ones.
const userCode = (count: number) => `user_code=BCDF-GHJ${'BCDFGHJKLMNPQRSTVWXZ'[count % 20]}`;

export const PEOPLE_ATTACKS: readonly Attack[] = [
  { name: 'caller changes, tunnel grants', maxGrowthMb: 150, run: changes },
  { name: 'tunnel invites', maxGrowthMb: 100, run: invites },
  {
    name: 'visitor knocks',
    maxGrowthMb: 100,
    run: (ground) =>
      forms(ground, 'eve', { path: '/access', body: (at) => `to=dev-${at}`, done: 303, most: KNOCKS.points }),
  },
  {
    name: 'visitor wrong invites',
    maxGrowthMb: 150,
    run: (ground) => forms(ground, 'eve', { path: '/invite', body: guess, done: 404, most: WRONG_INVITES.points }),
  },
  {
    name: 'account wrong user codes',
    maxGrowthMb: 150,
    run: (ground) => forms(ground, 'dev', { path: '/device', body: userCode, done: 200, most: WRONG_CODES.points }),
  },
  { name: 'process device codes', maxGrowthMb: 150, maxKeptMb: 48, run: (ground) => deviceCodes(ground, 5_000) },
  { name: 'network device codes', maxGrowthMb: 100, run: (ground) => deviceCodes(ground, 1) },
  { name: 'process event streams', maxGrowthMb: 200, run: (ground) => eventStreams(ground, 60) },
  { name: 'caller event streams', maxGrowthMb: 100, run: (ground) => eventStreams(ground, 1) },
];
