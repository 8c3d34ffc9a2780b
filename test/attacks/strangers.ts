/** Attacks by those who are nobody: sign-ins without end, tokens that are guessed, refusals for the audit record. */
import { randomUUID } from 'node:crypto';
import { address } from '../support/hostile-clients.js';
import { rawExchange } from '../support/visitor.js';
import { readResponse, type WireResponse } from '../support/wire.js';
import { type Attack, type Ground, repeat, type Tally } from './attack.js';

const AT_ONCE = 10;
const MAX_REFUSALS_A_MINUTE = 512;

async function ask({ world }: Ground, path: string, from: string, more = ''): Promise<WireResponse> {
  const head = `GET ${path} HTTP/1.1\r\nHost: ${new URL(world.base).host}\r\nConnection: close\r\n${more}\r\n`;
  return readResponse(await rawExchange(world.port, head, undefined, from));
}

/** Begins a sign-in and ends it with a code that nobody has issued: its id is remembered. */
async function finishSignIn(ground: Ground, from: string): Promise<number> {
  const visit = 'Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Site: none\r\nAccept: text/html\r\n';
  const start = await ask(ground, '/oauth2/start?rd=%2F', from, visit);
  const place = start.values('location')[0];
  if (place === undefined) return start.status;
  const state = new URL(place).searchParams.get('state');
  const cookies = start.values('set-cookie').map((line) => line.split(';', 1)[0]);
  const path = `/oauth2/callback?state=${state}&code=x&iss=${encodeURIComponent(ground.world.issuer)}`;
  return (await ask(ground, path, from, `${visit}Cookie: ${cookies.join('; ')}\r\n`)).status;
}

function signIns(ground: Ground, addresses: number): Promise<Tally> {
  return many(ground, (count) => finishSignIn(ground, address(22, count % addresses)));
}

async function guess(ground: Ground, from: string, count: number): Promise<number> {
  const upgrade =
    'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n' +
    `Sec-WebSocket-Protocol: postern.h2\r\nAuthorization: Bearer postern_${count}\r\n`;
  const lines = `Host: ${new URL(ground.world.base).host}\r\nPostern-Agent: ${randomUUID()}\r\nPostern-Tunnel: dev-x\r\nConnection: Upgrade\r\n${upgrade}\r\n`;
  const head = `GET /.postern/link HTTP/1.1\r\n${lines}`;
  return readResponse(await rawExchange(ground.world.port, head, '\r\n\r\n', from)).status;
}

/** Two refusals of each address; throws when the audit record has more of them than it may. */
async function refusals(ground: Ground, addresses: number): Promise<Tally> {
  const mark = ground.world.edge.mark();
  const startMs = performance.now();
  const tally = await many(ground, (count) => guess(ground, address(23, count % addresses), count));
  const records = ground.world.audit(mark).length;
  tally.add('audit records', records);
  // A minute at either end may be a part of one, and each kind has its count beside its first.
  const most = MAX_REFUSALS_A_MINUTE * (Math.ceil((performance.now() - startMs) / 60_000) + 1);
  if (records > most) throw new Error(`${records} audit records`);
  return tally;
}

/** Registers an OAuth client, and presents a code that nobody has issued. */
async function register({ world }: Ground, from: string, count: number): Promise<number> {
  const body = JSON.stringify({ client_name: `app ${count}`, redirect_uris: [`https://app.example/${count}`] });
  const json = await post(world, '/oauth2/register', 'application/json', body, from);
  const id = /"client_id":"([^"]+)"/.exec(json.body.toString())?.[1] ?? 'https://app.example/client.json';
  const fields = {
    grant_type: 'authorization_code',
    client_id: id,
    code: `code-${count}`,
    redirect_uri: 'https://app.example/',
  };
  const form = new URLSearchParams({ ...fields, code_verifier: 'x'.repeat(43) }).toString();
  const { status } = await post(world, '/oauth2/token', 'application/x-www-form-urlencoded', form, from);
  if (status === 200) throw new Error('a code that was not issued gives a token');
  return json.status;
}

async function post(
  world: Ground['world'],
  path: string,
  type: string,
  body: string,
  from: string,
): Promise<WireResponse> {
  const lines = `Host: ${new URL(world.base).host}\r\nConnection: close\r\nContent-Type: ${type}\r\n`;
  const head = `POST ${path} HTTP/1.1\r\n${lines}Content-Length: ${body.length}\r\n\r\n`;
  return readResponse(await rawExchange(world.port, head + body, undefined, from));
}

function registrations(ground: Ground, addresses: number): Promise<Tally> {
  return many(ground, (count) => register(ground, address(24, count % addresses), count));
}

function many(ground: Ground, act: (count: number) => Promise<number>): Promise<Tally> {
  return repeat(ground, async (tally, round) => {
    const acts = Array.from({ length: AT_ONCE }, (_, at) => act(round * AT_ONCE + at));
    for (const outcome of await Promise.allSettled(acts)) {
      tally.add(outcome.status === 'fulfilled' ? outcome.value : 'no response');
    }
  });
}

/** Sends a body of sixteen times what is read, and no end of it. */
async function pour({ world }: Ground): Promise<number> {
  const head = `POST /.postern/session HTTP/1.1\r\nHost: ${new URL(world.url).host}\r\nContent-Type: text/plain\r\n`;
  const bytes = `${head}Transfer-Encoding: chunked\r\n\r\n100000\r\n${'x'.repeat(1_048_576)}`;
  const { status } = readResponse(await rawExchange(world.port, bytes));
  if (status !== 400) throw new Error(`${status} for a body without end`);
  return status;
}

export const STRANGER_ATTACKS: readonly Attack[] = [
  { name: 'process audit records', maxGrowthMb: 150, maxKeptMb: 32, run: (ground) => refusals(ground, 5_000) },
  { name: 'process sign-ins', maxGrowthMb: 150, maxKeptMb: 32, run: (ground) => signIns(ground, 5_000) },
  { name: 'visitor bodies for the edge itself', maxGrowthMb: 100, run: (ground) => many(ground, () => pour(ground)) },
  { name: 'network sign-in steps', maxGrowthMb: 100, run: (ground) => signIns(ground, 1) },
  { name: 'network refused tokens', maxGrowthMb: 100, run: (ground) => refusals(ground, 1) },
  { name: 'process registrations of OAuth clients', maxGrowthMb: 150, run: (ground) => registrations(ground, 5_000) },
  { name: 'network registrations of OAuth clients', maxGrowthMb: 100, run: (ground) => registrations(ground, 1) },
];
