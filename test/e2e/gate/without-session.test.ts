/** What a visitor without a session gets: a redirect to the sign-in, a page or JSON, in the form that the asking program can use. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inWorld } from '../../support/in-world.js';
import { overEach } from '../../support/versions.js';
import { RefusedUpgrade, type VisitOptions, type VisitorResponse } from '../../support/visitor.js';

describe('what a visitor without a session gets', () => {
  const { world } = inWorld({ shared: true });

  overEach(world, () => {
    const navigations: Record<string, VisitOptions> = {
      'a navigation': {},
      'a navigation by HEAD': { method: 'HEAD' },
      'a navigation from elsewhere': { initiator: 'https://mail.example' },
      'an old browser': {
        headers: { 'sec-fetch-mode': undefined, 'sec-fetch-dest': undefined, 'sec-fetch-site': undefined },
      },
    };
    for (const [name, options] of Object.entries(navigations)) {
      test(`${name} is sent to sign in`, async () => {
        const visitor = world.visitor();
        const response = await visitor.navigate(`${world.url}/page?x=1`, options);
        assert.equal(response.status, 302);
        assert.equal(response.headers['cache-control'], 'no-store');
        const location = new URL(response.headers.location ?? '');
        assert.equal(location.origin + location.pathname, `${world.base}/oauth2/start`);
        assert.equal(location.searchParams.get('rd'), `${world.url}/page?x=1`);
        assert.deepEqual(
          visitor.jar.all().map((cookie) => cookie.name),
          ['postern-nonce'],
        );
      });
    }

    const fetched = (dest: string, more: Record<string, string> = {}): Record<string, string> => ({
      'sec-fetch-mode': 'cors',
      'sec-fetch-dest': dest,
      'sec-fetch-site': 'same-origin',
      ...more,
    });
    const background: Record<string, VisitOptions> = {
      'a fetch': { headers: fetched('empty') },
      'a fetch that accepts HTML': { headers: fetched('empty', { accept: 'text/html' }) },
      'a module': { headers: fetched('script') },
      'a stylesheet': { headers: fetched('style', { accept: 'text/css,*/*;q=0.1', 'sec-fetch-mode': 'no-cors' }) },
      'a manifest': { headers: fetched('manifest') },
      'a worker': { headers: fetched('worker', { 'sec-fetch-mode': 'same-origin' }) },
      'an EventSource': { headers: fetched('empty', { accept: 'text/event-stream' }) },
      'a POST by fetch': {
        method: 'POST',
        body: '{}',
        headers: fetched('empty', { 'content-type': 'application/json' }),
      },
      'a beacon': { method: 'POST', body: 'x', headers: fetched('empty', { 'sec-fetch-mode': 'no-cors' }) },
      'an image': {
        headers: fetched('image', { 'sec-fetch-mode': 'no-cors', accept: 'image/avif,image/*,*/*;q=0.8' }),
      },
      curl: { headers: { accept: '*/*', 'user-agent': 'curl/8.5.0' } },
      'a tool without a word': {},
      'a PROPFIND': { method: 'PROPFIND' },
    };
    for (const [name, options] of Object.entries(background)) {
      test(`${name} gets 401 as JSON with where to sign in, and no redirect`, async () => {
        const visitor = world.visitor();
        const response = await visitor.bare(`${world.url}/api?x=1`, options);
        isRefused(response, 401, 'ERR_LOGIN_REQUIRED');
        assert.equal(loginUrlOf(response).origin, world.url);
        assert.deepEqual(visitor.jar.all(), []);
      });
    }

    test('a posted form and a frame get a page with a link, and no redirect', async () => {
      const visitor = world.visitor();
      const posted = await visitor.navigate(`${world.url}/form`, {
        method: 'POST',
        body: 'a=1',
        initiator: world.url,
      });
      const framed = await visitor.navigate(`${world.url}/frame`, { headers: { 'sec-fetch-dest': 'iframe' } });
      for (const response of [posted, framed]) {
        assert.deepEqual([response.status, response.headers.location], [401, undefined]);
        assert.equal(response.headers['cache-control'], 'no-store');
        assert.match(response.headers['content-type'] ?? '', /^text\/html/);
        assert.match(response.text, /href="[^"]*\/\.postern\/session\?rd=/);
      }
    });

    test('a WebSocket upgrade gets 401 as JSON with where to sign in', async () => {
      const socket = world.visitor().socket(`${world.url}/ws`);
      await assert.rejects(socket, (error) => {
        assert.ok(error instanceof RefusedUpgrade);
        assert.deepEqual([error.status, error.headers.location], [401, undefined]);
        assert.equal(error.headers['cache-control'], 'no-store');
        assert.equal(error.headers['postern-error'], 'ERR_LOGIN_REQUIRED');
        const { login_url } = JSON.parse(error.text) as { login_url: string };
        assert.equal(new URL(login_url).origin, world.url);
        return true;
      });
    });

    test('the page that a fetch came from is where its sign-in ends', async () => {
      const visitor = world.visitor();
      const headers = { referer: `${world.url}/board?id=7#part` };
      const page = await visitor.signIn(loginUrlOf(await visitor.fetch(`${world.url}/api`, { headers })).href, 'ana');
      assert.equal(page.url, `${world.url}/board?id=7`);
      for (const referer of [
        'https://evil.example/x',
        `${world.urlOf('dev-two')}/x`,
        'nonsense',
        `${world.url}//evil.example`,
      ]) {
        const response = await world.visitor().fetch(`${world.url}/api`, { headers: { referer } });
        assert.equal(loginUrlOf(response).searchParams.get('rd'), '/');
      }
    });

    describe('across origins', () => {
      const visitors = {
        'a stranger': async () => world.visitor(),
        'somebody who is signed in': async () => {
          const eve = world.visitor();
          await eve.signIn(`${world.url}/`, 'eve');
          return eve;
        },
      };
      for (const [who, visitorOf] of Object.entries(visitors)) {
        test(`a sibling tunnel may read that it is refused, and nobody else, for ${who}`, async () => {
          const visitor = await visitorOf();
          // The names below localhost are sites of their own, so a browser sends no Lax cookie; below a domain it would.
          const cookie = visitor.jar.header(new URL(world.url)) || undefined;
          const initiator = world.urlOf('dev-two');
          const ask = (origin: string) => visitor.fetch(`${world.url}/api`, { initiator, headers: { origin, cookie } });
          for (const origin of [world.urlOf('dev-two'), world.urlOf('not-there'), world.base]) {
            const { headers, status: got } = await ask(origin);
            assert.deepEqual([got, headers['postern-error']], [403, 'ERR_CROSS_SITE']);
            assert.equal(headers['access-control-allow-origin'], origin);
            assert.equal(headers['access-control-allow-credentials'], 'true');
            assert.match(headers.vary ?? '', /\bOrigin\b/);
          }
          const foreign = [
            'null',
            'https://evil.example',
            world.urlOf('dev-two').replace('http:', 'https:'),
            world.urlOf('dev-two').replace(/:\d+$/, ''),
            world.urlOf('dev-two').replace(/\d+$/, '1'),
            world.urlOf('a.b'),
            world.urlOf('www'),
            `${world.urlOf('dev-two')}/`,
            world.urlOf('dev-two').toUpperCase(),
            world.urlOf('dev-two').replace('localhost', 'localhost.evil.example'),
            world.urlOf('dev-two').replace('localhost', 'evillocalhost'),
            `${world.urlOf('dev-two')}@evil.example`,
          ];
          for (const origin of foreign) {
            const { headers, status: got } = await ask(origin);
            assert.deepEqual([got, headers['postern-error']], [403, 'ERR_CROSS_SITE']);
            assert.equal(headers['access-control-allow-origin'], undefined, origin);
            assert.equal(headers['access-control-allow-credentials'], undefined, origin);
            assert.match(headers.vary ?? '', /\bOrigin\b/);
          }
        });
      }

      test('a sibling tunnel does not learn who is signed in', async () => {
        const eve = await visitors['somebody who is signed in']();
        const response = await eve.fetch(`${world.url}/`, {
          initiator: world.urlOf('dev-two'),
          headers: {
            accept: 'text/html',
            origin: world.urlOf('dev-two'),
            cookie: eve.jar.header(new URL(world.url)),
          },
        });
        assert.equal(response.status, 403);
        assert.equal(response.text.includes('eve@'), false);
      });
    });
  });
});

function isRefused(response: VisitorResponse, status: number, code: string): void {
  assert.equal(response.status, status);
  assert.equal(response.headers['postern-error'], code);
  assert.equal(response.headers['cache-control'], 'no-store');
  assert.equal(response.headers.location, undefined);
  assert.match(response.headers['content-type'] ?? '', /^application\/json/);
  assert.equal((response.json() as { error: { code: string } }).error.code, code);
}

function loginUrlOf(response: VisitorResponse): URL {
  return new URL((response.json() as { login_url: string }).login_url);
}
