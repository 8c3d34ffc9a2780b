/**
 * Cookies. The session cookie on its way: only a genuine one opens anything, on its own host alone; the app behind the tunnel
 * never sees it and cannot set it. Forged cookies are made with the edge's own code and secret, so that each differs
 * from a good one in exactly one thing.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { seal } from '../../../src/auth/session/seal.js';
import { issuerTag } from '../../../src/auth/session/sealed-identity.js';
import { ownerTag } from '../../../src/auth/session/session.js';
import { Sessions } from '../../../src/auth/session/sessions.js';
import { deriveKeys } from '../../../src/core/keys.js';
import { headerValues } from '../../../src/http/fields.js';
import { inWorld } from '../../support/in-world.js';
import { remembered } from '../../support/remembered.js';
import { NOT_SETTABLE } from '../../support/reserved-cookies.js';
import type { Echo } from '../../support/target-paths.js';
import { overEach } from '../../support/versions.js';
import { RefusedUpgrade, type Visitor } from '../../support/visitor.js';
import type { World } from '../../support/world.js';

const NAME = 'postern-session';
const HOUR_MS = 3_600_000;
const ANA = {
  domainProof: 'email' as const,
  subject: 'ana',
  email: 'ana@acme.com',
  emailVerified: true,
  groups: ['eng'],
  groupsOmitted: false,
};

describe('session cookies', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana', manyAddresses: true });
  let second: string;
  let good: string;
  let bobs: string;
  const { ended } = remembered();

  before(async () => {
    await world.startAgent({ name: 'dev-two' });
    second = world.urlOf('dev-two');
    good = sessionOf(ana, world.url);
    bobs = sessionOf(await world.signedIn('bob'), world.url);
  });

  function sessionOf(visitor: Visitor, url: string): string {
    return visitor.jar.cookies(url).find(({ name }) => name === NAME)?.value ?? '';
  }

  /** A cookie for the tunnel's host as the edge would make it, but for what is said. */
  async function made(
    said: {
      host?: string;
      ageMs?: number;
      secret?: string;
      signInAgeMs?: number;
      email?: string;
      issuer?: string;
    } = {},
  ) {
    const { host = `${world.name}.localhost`, ageMs = 0, signInAgeMs = ageMs, secret = world.secret } = said;
    const now = () => Date.now() - ageMs;
    const issuers = [said.issuer ?? world.issuer];
    const options = { secrets: [secret], issuers, ttlMs: 12 * HOUR_MS, idleMs: 2 * HOUR_MS, secure: false, ended, now };
    const identity = { ...ANA, issuer: issuers[0] as string, email: said.email ?? ANA.email };
    const signedInAtMs = Date.now() - signInAgeMs;
    const owner = ownerTag('dev@acme.com'); // of the tunnel
    const { cookie } = await new Sessions(options).create({ identity, host, signedInAtMs, admitted: true, owner });
    return /=([^;]*)/.exec(cookie)?.[1] ?? '';
  }

  const ask = (cookie: string, url = `${world.url}/`) => world.visitor().bare(url, { headers: { cookie } });

  async function isAnonymous(cookie: string, url?: string): Promise<void> {
    const { status, headers } = await ask(cookie, url);
    assert.equal(status, 401, `${JSON.stringify(cookie.slice(0, 120))} got ${status}`);
    assert.equal(headers['postern-error'], 'ERR_LOGIN_REQUIRED');
  }

  describe('what is set', () => {
    test('D2 a session cookie is small, host-only, for http alone and for the time of the session', async () => {
      const visitor = world.visitor();
      const page = await visitor.signIn(`${second}/`, 'ana');
      assert.equal(page.url, `${second}/`);
      for (const url of [second, world.base]) {
        const [cookie] = visitor.jar.cookies(url).filter(({ name }) => name === NAME);
        assert.ok(cookie?.hostOnly && cookie.httpOnly && cookie.path === '/' && cookie.sameSite === 'lax');
        assert.ok(`${cookie.name}=${cookie.value}`.length < 600);
        assert.ok(cookie.expiresAtMs > Date.now() && cookie.expiresAtMs <= Date.now() + 2 * HOUR_MS + 1000);
      }
      assert.ok(visitor.jar.all().every(({ hostOnly }) => hostOnly));
    });

    test('D2 a session cookie is not set again with every answer', async () => {
      for (let count = 0; count < 3; count++) assert.deepEqual((await ana.fetch(`${world.url}/`)).setCookies, []);
    });

    test('D1 a session cookie is another one after each sign-in, and the one before it is worth nothing', async () => {
      const visitor = await world.signedIn('ana');
      const before = sessionOf(visitor, world.url);
      const page = await visitor.open(`${world.url}/.postern/session?rd=%2F&switch=account`);
      await visitor.press(page, ['account', 'ana']);
      assert.notEqual(sessionOf(visitor, world.url), before);
      assert.equal((await visitor.fetch(`${world.url}/`)).status, 200);
      await isAnonymous(`${NAME}=${before}`);
    });

    test('D8 a session slides: one that has not been seen for a while gets a new cookie once', async () => {
      const { status, setCookies } = await ask(`${NAME}=${await made({ ageMs: HOUR_MS })}`);
      assert.equal(status, 200);
      assert.equal(setCookies.length, 1);
      assert.match(
        setCookies[0] ?? '',
        new RegExp(`^${NAME}=.+; Max-Age=7[12]\\d\\d; Path=/; HttpOnly; SameSite=Lax$`),
      );
    });
  });

  describe('what opens nothing', () => {
    test('D6 a cookie made with the edge’s own secret opens the tunnel: the forgeries below fail for their one flaw', async () => {
      assert.equal((await ask(`${NAME}=${await made()}`)).status, 200);
      assert.equal(
        (await ask(`${NAME}=${await made({ host: 'localhost' })}`, `${world.base}/oauth2/userinfo`)).status,
        200,
      );
    });

    test('D6 a cookie with any one character changed opens nothing', async () => {
      for (let at = 0; at < good.length; at++) {
        await isAnonymous(`${NAME}=${good.slice(0, at)}${good[at] === 'A' ? 'B' : 'A'}${good.slice(at + 1)}`);
      }
    });

    test('D6 a cookie cut anywhere, or with something added, opens nothing', async () => {
      for (let length = 0; length < good.length; length += 7) await isAnonymous(`${NAME}=${good.slice(0, length)}`);
      for (const more of ['A', '=', '.', '~', '%20', '"', ',x', '\u00e9']) await isAnonymous(`${NAME}=${good}${more}`);
      await isAnonymous(`${NAME}="${good}"`);
      await isAnonymous(`${NAME}=${good.slice(1)}`);
    });

    test('D6 parts of two cookies put together open nothing', async () => {
      const [one, other] = [good.split('.'), bobs.split('.')];
      for (let part = 2; part < one.length; part++) {
        await isAnonymous(`${NAME}=${one.map((text, at) => (at === part ? other[at] : text)).join('.')}`);
      }
    });

    test('D8 a cookie that is over opens nothing: absolutely, or since nobody came', async () => {
      assert.equal((await ask(`${NAME}=${await made({ signInAgeMs: 11.9 * HOUR_MS })}`)).status, 200);
      await isAnonymous(`${NAME}=${await made({ signInAgeMs: 12 * HOUR_MS })}`);
      assert.equal((await ask(`${NAME}=${await made({ ageMs: 1.9 * HOUR_MS })}`)).status, 200);
      await isAnonymous(`${NAME}=${await made({ ageMs: 2 * HOUR_MS })}`);
    });

    test('D6 a cookie of another secret, of another purpose, or of no seal at all opens nothing', async () => {
      const claims = {
        i: 'x',
        h: 'demo.localhost',
        t: Date.now(),
        n: Date.now(),
        a: 1,
        s: 'ana',
        e: 'ana@acme.com',
        v: 1,
      };
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const forged = [
        await made({ secret: 'another secret of thirty-two bytes or more' }),
        await seal(claims, deriveKeys([world.secret], 'ticket')),
        await seal(claims, deriveKeys([world.secret], 'transaction')),
        await seal({}, deriveKeys([world.secret], 'session')),
        await seal({ ...claims, e: ['ana@acme.com'] }, deriveKeys([world.secret], 'session')),
        await world.token(),
        `${part({ alg: 'none' })}.${part(claims)}.`,
        `${part({ alg: 'dir', enc: 'A256GCM' })}..${part(claims)}.${part(claims)}.${part(claims)}`,
        `${part({ alg: 'PBES2-HS256+A128KW', enc: 'A256GCM', p2c: 2_000_000_000, p2s: 'AAAA' })}.AAAA.AAAA.AAAA.AAAA`,
        part(claims),
        'ana@acme.com',
        'A'.repeat(8000),
        '.'.repeat(8000),
      ];
      for (const value of forged) await isAnonymous(`${NAME}=${value}`);
    });

    test('D20 a cookie that names no issuer, as those of earlier releases, or another one leads to a sign-in', async () => {
      const host = `${world.name}.localhost`;
      const h = createHash('sha256').update(host).digest('base64url').slice(0, 16);
      const times = { t: Date.now(), n: Date.now(), a: 1 };
      const former = { i: 'x', h, ...times, w: ownerTag('dev@acme.com'), s: 'ana', e: 'ana@acme.com', v: 1 };
      const sealed = (payload: object) => seal(payload, deriveKeys([world.secret], 'session'));
      const today = await sealed({ ...former, r: issuerTag(world.issuer) });
      assert.equal((await ask(`${NAME}=${today}`)).status, 200);
      for (const value of [await sealed(former), await made({ issuer: 'https://id.other.com' })]) {
        await isAnonymous(`${NAME}=${value}`);
        const headers = { cookie: `${NAME}=${value}` };
        const { status, headers: sent } = await world.visitor().navigate(`${world.url}/`, { headers });
        assert.deepEqual([status, sent.location?.startsWith(`${world.base}/oauth2/start?`)], [302, true]);
      }
    });

    test('D6 a good value under another name opens nothing', async () => {
      for (const name of [
        `__Host-${NAME}`,
        `__Secure-${NAME}`,
        'Postern-Session',
        `${NAME}.0`,
        `${NAME}s`,
        'session',
      ]) {
        await isAnonymous(`${name}=${good}`);
      }
    });

    test('D5 a cookie of this host opens no other one, the base host included', async () => {
      await isAnonymous(`${NAME}=${good}`, `${second}/`);
      await isAnonymous(`${NAME}=${good}`, `${world.base}/oauth2/userinfo`);
      await isAnonymous(`${NAME}=${good}`, `${world.base}/`);
      await isAnonymous(`${NAME}=${sessionOf(ana, world.base)}`);
      const start = await world
        .visitor()
        .navigate(`${world.base}/oauth2/start?rd=%2F`, { headers: { cookie: `${NAME}=${good}` } });
      assert.equal(new URL(start.headers.location ?? '').origin, world.issuer);
    });

    test('D5 a good value opens nothing as a bearer token, in the query or in another header', async () => {
      const headers = {
        authorization: `Bearer ${good}`,
        'x-forwarded-email': 'ana@acme.com',
        'x-postern-session': good,
        cookie2: `${NAME}=${good}`,
      };
      assert.equal((await world.visitor().bare(`${world.url}/?${NAME}=${good}`, { headers })).status, 401);
    });
  });

  overEach(world, () => {
    describe('several of one name', () => {
      test('D3 a planted cookie of our name neither helps nor harms, wherever it stands', async () => {
        for (const cookie of [
          `${NAME}=planted; ${NAME}=${good}`,
          `${NAME}=${good}; ${NAME}=planted; ${NAME}=`,
          `${NAME}=${good}; ${NAME}=${good}`,
        ]) {
          assert.equal((await ask(cookie)).status, 200);
        }
        const twoLines = await world
          .visitor()
          .bare(`${world.url}/`, { headers: { cookie: [`${NAME}=planted`, `${NAME}=${good}`] } });
        assert.equal(twoLines.status, 200);
      });

      test('D3 two genuine cookies of different people are nobody', async () => {
        await isAnonymous(`${NAME}=${good}; ${NAME}=${bobs}`);
        await isAnonymous(`${NAME}=${bobs}; ${NAME}=${good}`);
      });

      test('D13 a thousand cookies of our name cost an answer and no more', async () => {
        const many = Array.from({ length: 1000 }, (_, at) => `${NAME}=${at}`).join('; ');
        await isAnonymous(`${many}; ${NAME}=${good}`);
      });
    });

    describe('what the app sees', () => {
      const others = 'a=1; b="x y, z"; c==;  d ; ;e=%00%; f=\u00fcber; __proto__=x; =nameless; postern=mine; g=2';

      test('D4 the app sees every other cookie, byte for byte and in order, and none of ours in any spelling', async () => {
        const ours = [
          'x',
          `__Host-${NAME}=x`,
          `__Secure-${NAME}=x`,
          `POSTERN-SESSION=x`,
          'postern-nonce=x',
          'postern-signin-0=x',
          '__Host-postern-nonce=x',
          'Postern-Signin-9=x',
        ];
        const pieces = others.split(';');
        const mixed = pieces
          .flatMap((piece, at) => [piece, ` ${ours[at] ?? `${NAME}=x`}`])
          .filter((piece) => piece !== ' x')
          .join(';');
        const { rawHeaders } = (await ask(`${NAME}=${good};${mixed};${NAME}=${good}`)).json() as Echo;
        assert.deepEqual(headerValues(rawHeaders, 'cookie'), [others]);
      });

      test('D4 the app sees no cookie at all where there is no other', async () => {
        const { rawHeaders } = (await ask(`${NAME}=${good}`)).json() as Echo;
        assert.deepEqual(headerValues(rawHeaders, 'cookie'), []);
        assert.equal(JSON.stringify(rawHeaders).includes(good.slice(-40)), false);
      });

      test('D4 the app sees the same cookies on a WebSocket', async () => {
        const socket = await ana.socket(`${world.url}/ws-cookies`, {
          headers: { cookie: `x=1; ${NAME}=${good}; y=2` },
        });
        socket.terminate();
        const seen = (await world.target.seen()).find(({ url, upgrade }) => upgrade && url === '/ws-cookies');
        assert.deepEqual(headerValues(seen?.rawHeaders ?? [], 'cookie'), ['x=1; y=2']);
      });
    });
  });

  describe('what the app cannot set', () => {
    for (const line of NOT_SETTABLE) {
      test(`D19 the app cannot set ${JSON.stringify(line)}`, async () =>
        assert.deepEqual(await told(ana, world, [line]), []));
    }
  });

  test('D8 an open WebSocket is closed with 1008 once its session has been signed out', async () => {
    const visitor = await world.signedIn('bob');
    const socket = await visitor.socket(`${world.url}/ws`);
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    await visitor.press(await visitor.open(`${world.url}/.postern/sign_out`));
    assert.equal(await closed, 1008);
    await assert.rejects(
      visitor.socket(`${world.url}/ws`),
      (error) => error instanceof RefusedUpgrade && error.status === 401,
    );
  });
  test('D15 a restart of the edge with a new secret in front of the old one signs nobody out', async () => {
    const secret = 'a newer secret of thirty-two bytes or more for tests';
    await world.edge.kill();
    const mark = world.agent.mark();
    await world.startEdge({ POSTERN_SECRET: `${secret},${world.secret}` });
    await world.agent.record((line) => line['event'] === 'online', mark);
    const response = await ask(`${NAME}=${sessionOf(ana, world.base)}`, `${world.base}/oauth2/userinfo`);
    assert.equal(response.status, 200);
    const ofTheNew = `${NAME}=${await made({ secret, host: 'localhost' })}`;
    assert.equal((await ask(ofTheNew, `${world.base}/oauth2/userinfo`)).status, 200);
    await world.edge.kill();
    await world.startEdge({ POSTERN_SECRET: secret });
    await isAnonymous(`${NAME}=${sessionOf(ana, world.base)}`, `${world.base}/oauth2/userinfo`);
    assert.equal((await ask(ofTheNew, `${world.base}/oauth2/userinfo`)).status, 200);
  });
});

/** The `Set-Cookie` lines that arrive of those that the app sends. */
async function told(visitor: Visitor, { url }: World, lines: readonly string[]): Promise<readonly string[]> {
  const query = new URLSearchParams(lines.map((line) => ['header', `Set-Cookie: ${line}`]));
  return (await visitor.fetch(`${url}/answer?${query}`)).setCookies;
}
