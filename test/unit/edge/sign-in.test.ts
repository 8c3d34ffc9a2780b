/** Whose session is left when somebody signs in over another one. */
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { describe, test } from 'node:test';
import type { Identity } from '../../../src/auth/identity.js';
import { MemoryStore } from '../../../src/auth/memory-store.js';
import { Nonces } from '../../../src/auth/nonce.js';
import type { OidcProvider } from '../../../src/auth/oidc.js';
import { Sessions } from '../../../src/auth/session.js';
import { SignOutReferences } from '../../../src/auth/sign-out-reference.js';
import { Tickets } from '../../../src/auth/ticket.js';
import { Transactions } from '../../../src/auth/transaction.js';
import { readBaseAddress } from '../../../src/core/hostname.js';
import type { AttemptLimit } from '../../../src/edge/limits.js';
import type { Observer } from '../../../src/edge/observer.js';
import { openContext } from '../../../src/edge/request.js';
import { SignIn } from '../../../src/edge/sign-in.js';

const BASE = readBaseAddress('http://localhost:8080') ?? assert.fail();
const ANA: Identity = { subject: 'a', email: 'ana@acme.com', emailVerified: true, groups: [], groupsOmitted: false };
const BEN: Identity = { ...ANA, subject: 'b', email: 'ben@acme.com' };
const HOUR_MS = 3_600_000;

function signingIn() {
  let nowMs = 1_700_000_000_000;
  let state = '';
  const clock = { now: () => nowMs };
  const common = { secrets: ['a secret of thirty-two bytes or more'], store: new MemoryStore(clock), secure: false };
  const sessions = new Sessions({ ...common, ...clock, ttlMs: HOUR_MS, idleMs: HOUR_MS });
  const provider = {
    begin: async (fields: { readonly state: string }) => {
      state = fields.state;
      return 'https://provider.test/';
    },
    finish: async () => ANA,
  };
  const signIn = new SignIn({
    base: BASE,
    provider: provider as unknown as OidcProvider,
    sessions,
    tickets: new Tickets({ ...common, ...clock }),
    transactions: new Transactions({ ...common, ...clock }),
    limit: { count: async () => {} } as unknown as AttemptLimit,
    observer: { signedIn: () => {}, signedOut: () => {} } as unknown as Observer,
    domainHint: undefined,
    isAdmitted: () => true,
    nonces: new Nonces(common.secrets),
    references: new SignOutReferences(common.secrets),
    ownerOf: () => 'tag',
  });
  return {
    pass: () => {
      nowMs += 1_000;
    },
    start: () =>
      signIn.start(arrived('/oauth2/start', ''), { returnTo: '/', nonceProof: undefined, account: 'current' }),
    finish: (cookie: string) => signIn.finish(arrived(`/oauth2/callback?code=x&state=${state}`, cookie)),
    session: async (identity: Identity) =>
      pair((await sessions.create({ identity, host: BASE.host, admitted: false })).cookie),
    isLive: async (cookie: string) => (await sessions.read(cookie, BASE.host)) !== undefined,
  };
}

const pair = (line: string | undefined) => (line ?? '').split(';', 1)[0] as string;

function arrived(url: string, cookie: string): IncomingMessage {
  const request = { method: 'GET', url, headers: { cookie }, rawHeaders: ['Host', 'localhost:8080'], socket: {} };
  openContext(request as unknown as IncomingMessage, BASE, '127.0.0.1');
  return request as unknown as IncomingMessage;
}

describe('a sign-in over another session in this browser', () => {
  for (const [whose, identity, when, isKept] of [
    ['the same visitor', ANA, 'before it', false],
    ['the same visitor', ANA, 'while it is under way', true],
    ['somebody else', BEN, 'before it', false],
    ['somebody else', BEN, 'while it is under way', false],
  ] as const) {
    test(`of ${whose}, made ${when}, ${isKept ? 'leaves' : 'ends'} it`, async () => {
      const visit = signingIn();
      const early = when === 'before it' ? await visit.session(identity) : undefined;
      visit.pass();
      const { cookies } = await visit.start();
      visit.pass();
      const former = early ?? (await visit.session(identity));
      const after = await visit.finish(`${pair(cookies[0])}; ${former}`);
      assert.equal(await visit.isLive(former), isKept);
      assert.ok(await visit.isLive(pair(after.cookies.at(-1))), 'the new one counts');
    });
  }
});
