/** Knocks at a real edge as an agent of our own: any offer, well-formed or not, and the edge's answer to it. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { WebSocket } from 'ws';
import { deferred } from './deferred.js';
import type { World } from './world.js';

/** How an edge answers an offer: the URL of the tunnel, or the status and code of the refusal. */
export type Outcome = { readonly url: string } | { readonly status: number; readonly code: string };

export interface RawOffer {
  /** Empty for none. */
  readonly token: string;
  readonly name?: string;
  readonly allow?: string;
  readonly agentId?: string;
  readonly protocol?: string;
  /** Added to the others, or in place of them. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Knocked {
  readonly outcome: Outcome;
  readonly answer: IncomingMessage;
  /** Open when the offer was admitted. */
  readonly link: WebSocket;
}

/** Makes an offer. `attach` is given the WebSocket before the edge can have said a word on it. */
export async function knock(
  world: Pick<World, 'base' | 'port'>,
  raw: RawOffer,
  attach: (link: WebSocket) => void = () => {},
): Promise<Knocked> {
  const link = new WebSocket(`ws://127.0.0.1:${world.port}/.postern/link`, [raw.protocol ?? 'postern.h2'], {
    headers: {
      host: new URL(world.base).host,
      'postern-agent': raw.agentId ?? randomUUID(),
      ...(raw.token === '' ? {} : { authorization: `Bearer ${raw.token}` }),
      ...(raw.name === undefined ? {} : { 'postern-tunnel': raw.name }),
      ...(raw.allow === undefined ? {} : { 'postern-allow': raw.allow }),
      ...raw.headers,
    },
  });
  attach(link);
  const { promise, resolve, reject } = deferred<Omit<Knocked, 'link'>>();
  link.on('error', reject); // after the outcome it says nothing new
  link.once('upgrade', (response) => {
    link.once('open', () => resolve({ outcome: { url: String(response.headers['postern-url']) }, answer: response }));
  });
  link.once('unexpected-response', (_request, response: IncomingMessage) => {
    readRefusal(response).then((outcome) => resolve({ outcome, answer: response }), reject);
  });
  return { ...(await promise), link };
}

async function readRefusal(response: IncomingMessage): Promise<Outcome> {
  const body = await text(response);
  const code = String(response.headers['postern-error']);
  if (body.startsWith('{')) assert.equal((JSON.parse(body) as { error: { code: string } }).error.code, code);
  return { status: response.statusCode ?? 0, code };
}

/** Asserts that an offer is refused. */
export async function assertRefused(world: World, raw: RawOffer, status: number, code: string): Promise<void> {
  assert.deepEqual((await knock(world, raw)).outcome, { status, code });
}
