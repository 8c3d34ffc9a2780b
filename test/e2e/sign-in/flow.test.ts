/**
 * Flow: the steps between a visitor without a session and an answer of the provider, with an honest provider. Nobody
 * is signed in by a link, by half a sign-in, by somebody else's, or by the same one twice.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { assertRefused, sessionsSet, whoIs } from '../../support/hostile-world.js';
import { inWorld } from '../../support/in-world.js';
import type { Account } from '../../support/provider.js';
import { callbackUrl } from '../../support/sign-in-steps.js';
import { overEach } from '../../support/versions.js';
import type { Visitor } from '../../support/visitor.js';
import { sendLinesForHead } from '../../support/wire.js';
import { PEOPLE } from '../../support/world-options.js';

const SESSION = 'postern-session';
const CROWD: readonly Account[] = Array.from({ length: 20 }, (_, at) => ({
  sub: `crowd-${at}`,
  name: `Crowd ${at}`,
  email: `crowd-${at}@acme.com`,
  email_verified: true,
}));

describe('the sign-in flow', () => {
  const { world } = inWorld({ manyAddresses: true, accounts: [...PEOPLE, ...CROWD] });
  let second: string;
  let start: string;

  before(async () => {
    await world.startAgent({ name: 'dev-two' });
    second = world.urlOf('dev-two');
    start = `${world.base}/oauth2/start?rd=%2F`;
  });

  async function isIn(visitor: Visitor): Promise<boolean> {
    return (await whoIs(visitor, world.base)) !== undefined;
  }

  overEach(world, (version) => {
    test('B1 a callback without the cookie of its sign-in is refused: nobody is signed in by a link', async () => {
      const attacker = world.visitor();
      const callback = await callbackUrl(attacker, start, 'bob');
      const victim = await world.signedIn('ana');
      assertRefused(await victim.navigate(callback));
      const stranger = world.visitor();
      assertRefused(await stranger.navigate(callback));
      assert.equal(await isIn(stranger), false);
      assert.equal(await whoIs(victim, world.base), 'ana@acme.com');
    });

    test('B2 a callback counts once, even with the cookie put back', async () => {
      const visitor = world.visitor();
      const callback = await callbackUrl(visitor, start, 'ana');
      const cookie = visitor.jar.header(new URL(callback));
      assert.equal((await visitor.navigate(callback)).status, 302);
      assertRefused(await visitor.navigate(callback));
      assertRefused(await world.visitor().navigate(callback, { headers: { cookie } }));
    });

    test('B2 two tabs that sign in at once both end where they started, query included', async () => {
      const visitor = world.visitor();
      const starts = [`${world.url}/one?a=1&b=%2F`, `${second}/two?c=3`, `${world.url}/three?d`];
      const pages = [];
      for (const url of starts) pages.push(await visitor.open(url));
      const ends = await Promise.all(pages.map((page) => visitor.press(page, ['account', 'ana'])));
      assert.deepEqual(
        ends.map(({ url, status }) => [url, status]),
        starts.map((url) => [url, 200]),
      );
    });

    test('B2 the state of another tab does not finish this one', async () => {
      const visitor = world.visitor();
      const one = new URL(await callbackUrl(visitor, start, 'ana'));
      const two = new URL(await callbackUrl(visitor, start, 'ana'));
      two.searchParams.set('state', one.searchParams.get('state') ?? '');
      assertRefused(await visitor.navigate(two.href));
    });

    const spoilt: Record<string, (callback: URL) => void> = {
      'B2 a callback with another state is refused': ({ searchParams }) =>
        searchParams.set('state', `${searchParams.get('state')}x`),
      'B2 a callback with no state is refused': ({ searchParams }) => searchParams.delete('state'),
      'B3 a callback with two states is refused': ({ searchParams }) =>
        searchParams.append('state', searchParams.get('state') ?? ''),
      'B3 a callback with a second state that is empty is refused': ({ searchParams }) =>
        searchParams.append('state', ''),
      'B3 a callback with a list for a state is refused': ({ searchParams }) => {
        searchParams.set('state[]', searchParams.get('state') ?? '');
        searchParams.delete('state');
      },
      'B3 a callback with two codes is refused': ({ searchParams }) => searchParams.append('code', 'another'),
      'B3 a callback with the same code twice is refused': ({ searchParams }) =>
        searchParams.append('code', searchParams.get('code') ?? ''),
      'B3 a callback with a list for a code is refused': ({ searchParams }) => {
        searchParams.set('code[]', searchParams.get('code') ?? '');
        searchParams.delete('code');
      },
      'B10 a callback with a code that was not given to it is refused': ({ searchParams }) =>
        searchParams.set('code', 'another'),
      'B10 a callback with no code is refused': ({ searchParams }) => searchParams.delete('code'),
      'B13 a callback from another issuer is refused': ({ searchParams }) =>
        searchParams.set('iss', 'https://evil.example'),
      'B13 a callback from no issuer is refused where the provider announces one': ({ searchParams }) =>
        searchParams.delete('iss'),
      'B14 a callback with an error beside the code is refused': ({ searchParams }) =>
        searchParams.set('error', 'login_required'),
    };
    for (const [name, spoil] of Object.entries(spoilt)) {
      test(name, async () => {
        const visitor = world.visitor();
        const callback = new URL(await callbackUrl(visitor, start, 'ana'));
        spoil(callback);
        assertRefused(await visitor.navigate(callback.href));
        assert.equal(await isIn(visitor), false);
      });
    }

    test('B9 PKCE with S256 is part of every sign-in, and the code of one flow does not finish another', async () => {
      const visitor = world.visitor();
      const asked = [];
      for (let count = 0; count < 3; count++) {
        const { searchParams } = new URL((await visitor.navigate(start)).headers.location ?? '');
        assert.equal(searchParams.get('code_challenge_method'), 'S256');
        asked.push(searchParams.get('code_challenge'), searchParams.get('nonce'), searchParams.get('state'));
      }
      assert.equal(new Set(asked).size, 9);
      const one = new URL(await callbackUrl(visitor, start, 'ana'));
      const two = new URL(await callbackUrl(visitor, start, 'ana'));
      const code = one.searchParams.get('code') ?? '';
      one.searchParams.set('code', two.searchParams.get('code') ?? '');
      two.searchParams.set('code', code);
      for (const swapped of [one, two]) assertRefused(await visitor.navigate(swapped.href));
      assert.equal(await isIn(visitor), false);
    });

    test('B11 the redirect URI is the one that is registered, whatever host the request names', async () => {
      const host = new URL(world.base).host;
      // A client of HTTP/2 is told to take another connection for a host that is not ours.
      const foreign = version === 'HTTP/2' ? 421 : 404;
      const rows: readonly (readonly [string[], number])[] = [
        [[`Host: ${host}`, 'X-Forwarded-Host: evil.example', 'Forwarded: host=evil.example'], 302],
        [['Host: localhost:1'], 302],
        [['Host: LOCALHOST'], 302],
        [['Host: evil.example'], foreign],
        [[`Host: ${host}.evil.example`], 400],
        [['Host: localhost.evil.example'], foreign],
        [['Host: evil.example@localhost'], 400],
        [[`Host: ${host}`, 'Host: evil.example'], 400],
      ];
      for (const [headers, status] of rows) {
        const response = await sendLinesForHead(world.port, [
          'GET /oauth2/start?rd=/ HTTP/1.1',
          ...headers,
          'Accept: text/html',
          'Connection: close',
        ]);
        assert.equal(response.status, status, headers.join());
        if (status !== 302) continue;
        const asked = new URL(response.values('location')[0] ?? '').searchParams;
        assert.deepEqual(asked.getAll('redirect_uri'), [`${world.base}/oauth2/callback`]);
      }
    });

    test('B12 the query of a start adds nothing to what the provider is asked', async () => {
      const evil =
        'redirect_uri=https%3A%2F%2Fevil.example&client_id=evil&scope=admin&prompt=none&request_uri=http%3A%2F%2Fevil';
      const more =
        '&response_type=token&response_mode=form_post&request=x&login_hint=x&code_challenge=x&state=x&nonce[]=x';
      const { headers } = await world.visitor().navigate(`${start}&${evil}${more}`);
      const asked = new URL(headers.location ?? '').searchParams;
      assert.deepEqual(asked.getAll('redirect_uri'), [`${world.base}/oauth2/callback`]);
      assert.deepEqual(asked.getAll('client_id'), ['edge']);
      assert.deepEqual(asked.getAll('response_type'), ['code']);
      assert.deepEqual(asked.getAll('code_challenge_method'), ['S256']);
      assert.deepEqual(asked.getAll('scope'), ['openid email profile']);
      const names = ['client_id', 'code_challenge', 'code_challenge_method', 'nonce', 'redirect_uri', 'response_type'];
      assert.deepEqual([...asked.keys()].sort(), [...names, 'scope', 'state']);
      assert.ok(asked.get('state') !== 'x' && asked.get('code_challenge') !== 'x');
    });

    test('B14 a sign-in that the visitor gives up at the provider leaves no session, only a way to try again', async () => {
      const visitor = world.visitor();
      const page = await visitor.signIn(`${world.url}/deep?x=1`, '');
      assertRefused(page, 403, 'ERR_ACCESS_DENIED');
      assert.equal(new URL(page.url).pathname, '/oauth2/callback');
      const names = () => visitor.jar.all().map(({ name }) => name);
      assert.equal(names().includes(SESSION), false);
      const again = /href="([^"]*\/\.postern\/session[^"]*)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
      assert.equal((await visitor.signIn(again, 'ana')).url, `${world.url}/deep?x=1`);
    });

    test('B14 a sign-in that is never finished leaves no session, and neither does an answer with nothing but an error', async () => {
      const visitor = world.visitor();
      for (const error of ['login_required', 'interaction_required', 'invalid_scope', '<script>']) {
        const begun = await visitor.navigate(start);
        assert.deepEqual(sessionsSet(begun), []);
        const state = new URL(begun.headers.location ?? '').searchParams.get('state') ?? '';
        const query = new URLSearchParams({
          error,
          state,
          iss: world.issuer,
          error_description: '<script>alert(1)</script>',
        });
        const response = await visitor.navigate(`${world.base}/oauth2/callback?${query}`);
        assertRefused(response);
        assert.equal(response.text.includes('<script'), false);
        assert.equal(await isIn(visitor), false);
      }
    });

    test('B22 there is no front-channel logout, and no back-channel logout without a signature of the provider', async () => {
      const visitor = await world.signedIn('ana');
      for (const path of ['backchannel_logout', 'frontchannel_logout', 'backchannel-logout', 'logout']) {
        for (const method of ['GET', 'POST']) {
          const headers = { 'content-type': 'application/x-www-form-urlencoded' };
          const body = method === 'POST' ? { body: 'logout_token=e30.e30.x&sid=x' } : {};
          const response = await world
            .visitor()
            .bare(`${world.base}/oauth2/${path}?iss=x&sid=x`, { method, headers, ...body });
          const isOffered = path === 'backchannel_logout' && method === 'POST';
          assert.equal(response.status, isOffered ? 400 : 404, `${method} ${path}`);
        }
      }
      assert.equal(await whoIs(visitor, world.url), 'ana@acme.com');
    });
  });

  test('B16 two hundred sign-ins at once give each visitor their own identity', async () => {
    const begun = await Promise.all(
      Array.from({ length: 200 }, async (_, at) => {
        const visitor = world.visitor();
        return { visitor, account: `crowd-${at % CROWD.length}`, page: await visitor.open(`${world.url}/`) };
      }),
    );
    // All are under way before the first one ends. They end in turns: the edge waits ten seconds for its provider, which here
    // is a single process that on a busy machine takes longer than that for two hundred.
    while (begun.length > 0) await Promise.all(begun.splice(0, 40).map(finish));

    async function finish({ visitor, account, page }: (typeof begun)[number]): Promise<void> {
      assert.equal((await visitor.press(page, ['account', account])).status, 200);
      const seen = [await whoIs(visitor, world.base), await whoIs(visitor, world.url)];
      assert.deepEqual(seen, [`${account}@acme.com`, `${account}@acme.com`]);
      visitor.close();
    }
  });
});
