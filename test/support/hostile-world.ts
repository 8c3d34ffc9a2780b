/**
 * A Postern whose identity provider misbehaves on request: the provider runs in the test's own process, so that its
 * switches are at hand; edge, agent and target are processes as ever. Signs visitors in step by step.
 */
import assert from 'node:assert/strict';
import { HostileProvider, type Misbehaviour } from './hostile-provider.js';
import type { Visitor, VisitorResponse } from './visitor.js';
import { startWorld, type World } from './world.js';
import type { WorldOptions } from './world-options.js';

const PARTY = { id: 'edge', secret: 'client-secret', redirectUri: 'http://localhost/oauth2/callback' };

export interface HostileWorld {
  readonly world: World;
  readonly op: HostileProvider;
  /** Begins a sign-in in this browser; gives the URL with which the provider sends it back. */
  callback(visitor: Visitor, claims?: Record<string, unknown>): Promise<URL>;
  /** A whole sign-in on the base host with these switches; gives the answer to the callback. */
  signIn(visitor: Visitor, switches?: Misbehaviour): Promise<VisitorResponse>;
  /** Starts another edge, which reads the provider's metadata with these switches. */
  restartEdge(switches: Misbehaviour, env?: Record<string, string>): Promise<void>;
  close(): Promise<void>;
}

export async function startHostileWorld(options: WorldOptions = {}): Promise<HostileWorld> {
  const op = await HostileProvider.start(PARTY);
  const world = await startWorld({ issuer: op.issuer, manyAddresses: true, ...options }).catch(async (error) => {
    await op.close();
    throw error;
  });

  const { agent } = world; // of the world's own tunnel; tests may start others

  async function callback(visitor: Visitor, claims: Record<string, unknown> = {}): Promise<URL> {
    const start = await visitor.navigate(`${world.base}/oauth2/start?rd=%2F`);
    assert.equal(start.status, 302, start.text);
    return op.authorize(start.headers.location ?? '', claims);
  }

  return {
    world,
    op,
    callback,
    async signIn(visitor, switches = {}) {
      op.misbehaviour = switches;
      return visitor.navigate((await callback(visitor)).href);
    },
    async restartEdge(switches, env = {}) {
      await world.edge.kill();
      op.misbehaviour = switches;
      const mark = agent.mark();
      await world.startEdge(env);
      await agent.record((line) => line['event'] === 'online', mark);
      await world.visitor().navigate(`${world.base}/oauth2/start?rd=%2F`); // discovery waits for the first visitor
    },
    async close() {
      await world.close();
      await op.close();
    },
  };
}

/** Asserts an answer of the base host that signs nobody in, and tells nothing beyond its code. */
export function assertRefused(response: VisitorResponse, status = 400, code = 'ERR_LOGIN_FAILED'): void {
  assert.equal(response.status, status, `${response.url} ${response.text.slice(0, 500)}`);
  assert.equal(response.headers['postern-error'], code);
  assert.equal(response.headers['cache-control'], 'no-store');
  assert.equal(response.headers.location, undefined);
  assert.match(response.headers['content-type'] ?? '', /^text\/html/);
  assert.deepEqual(sessionsSet(response), []);
}

/** The `Set-Cookie` lines of an answer that set a session. */
export function sessionsSet({ setCookies }: VisitorResponse): readonly string[] {
  return setCookies.filter((line) => line.includes('postern-session'));
}

/** Who a visitor is on a host; undefined for nobody. */
export async function whoIs(visitor: Visitor, origin: string): Promise<string | undefined> {
  const own = /\/\/(?:localhost|tunnel\.test)(?::|$)/.test(origin) ? '/oauth2/userinfo' : '/.postern/userinfo';
  const response = await visitor.fetch(origin + own);
  assert.ok(response.status === 200 || response.status === 401, `userinfo answered ${response.status}`);
  return response.status === 200 ? (response.json() as { email: string }).email : undefined;
}
