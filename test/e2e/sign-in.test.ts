/**
 * Signing in and out as browsers do it, across edge, provider and two tunnels: everybody ends where they started, and
 * nobody ends anywhere else, signed in as somebody else, or half signed in.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { MemoryStore } from '../../src/auth/memory-store.js';
import { hashNonce, newNonce, Tickets } from '../../src/auth/ticket.js';
import { headerValues } from '../../src/core/headers.js';
import { PROJECT_ROOT } from '../support/project-root.js';
import { callbackUrl, ticketUrl } from '../support/sign-in-steps.js';
import type { Echo } from '../support/target-paths.js';
import { type Answer, RefusedUpgrade, type Visitor } from '../support/visitor.js';
import { startWorld, type World } from '../support/world.js';

const SESSION = 'postern-session';

describe('signing in', () => {
  let world: World;
  let second: string;

  before(async () => {
    world = await startWorld({ manyAddresses: true });
    await world.startAgent({ name: 'dev-two' });
    second = world.urlOf('dev-two');
  });
  after(() => world?.close());

  function isRefused(answer: Answer, status = 400, code = 'ERR_LOGIN_FAILED'): void {
    assert.equal(answer.status, status, answer.url);
    assert.equal(answer.headers['postern-error'], code);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.match(answer.headers['content-type'] ?? '', /^text\/html/);
    assert.deepEqual(sessionsSet(answer), []);
  }

  async function isIn(visitor: Visitor, url: string): Promise<boolean> {
    const { status } = await visitor.fetch(`${url}/.postern/userinfo`);
    assert.ok(status === 200 || status === 401, `userinfo answered ${status}`);
    return status === 200;
  }

  const originsOf = ({ trail }: Answer) => new Set(trail.map((url) => new URL(url).origin));
  const ours = () => [world.base, world.url, second];

  describe('the way back', () => {
    test('two tabs that sign in at once both end where they started, query included', async () => {
      const visitor = world.visitor();
      const starts = [`${world.url}/one?a=1&b=%2F`, `${second}/two?c=3`, `${world.url}/three?d`];
      const pages = [];
      for (const start of starts) pages.push(await visitor.open(start));
      const ends = await Promise.all(pages.map((page) => visitor.press(page, ['account', 'ana'])));
      assert.deepEqual(
        ends.map(({ url, status }) => [url, status]),
        starts.map((start) => [start, 200]),
      );
    });

    const query = Array.from({ length: 150 }, (_, at) => `key${at}=value%20%2B${at}`).join('&');
    const deepLinks: Record<string, string> = {
      'an encoded slash and an encoded query': '/a%2Fb?x=1&y=%2F',
      'a query of 3 kB': `/report?${query}`,
      'a path of UTF-8': encodeURI('/é/名前?ß=ü'),
      'two slashes, dots and a lone question mark': '/a//b/c..d/.e/%7Ef?',
      'what looks like an encoding of an encoding': '/%252F?q=%25%32%46&q=%5C&plus=+',
      'signs that URLs seldom hold': '/a"b<c>d`e{f}|g^h;i=j,k?[]=\'()*!@$&~',
      'a path that is ours on the base host only': '/oauth2/callback?code=of-the-app',
      'a query that names another place': '/go?rd=https://evil.example/&next=//evil.example',
    };
    for (const [name, path] of Object.entries(deepLinks)) {
      test(`a deep link comes back byte for byte: ${name}`, async () => {
        const visitor = world.visitor();
        const first = await visitor.navigate(world.url, { path });
        assert.equal(first.status, 302);
        const redeemed = await visitor.navigate(await ticketUrl(visitor, first.headers.location ?? '', 'ana'));
        assert.equal(redeemed.headers.location, path);
        const page = await visitor.navigate(world.url, { path });
        assert.equal((page.json() as Echo).url, path);
      });
    }

    test('a session on the base host opens a second tunnel without the provider', async () => {
      const visitor = await world.signedIn('ana');
      const page = await visitor.open(`${second}/deep?x=1`);
      assert.equal(page.url, `${second}/deep?x=1`);
      assert.deepEqual(originsOf(page), new Set([second, world.base]));
    });

    test('the portal is where a sign-in ends that started nowhere', async () => {
      const page = await world.visitor().signIn(`${world.base}/`, 'ana');
      assert.deepEqual([page.url, page.status], [`${world.base}/`, 200]);
    });

    test('switching the account asks the provider again and ends the former sign-in everywhere', async () => {
      const visitor = await world.signedIn('ana');
      await visitor.open(`${second}/`);
      const former = visitor.jar.header(new URL(second));
      const page = await visitor.open(`${world.url}/.postern/session?rd=%2Fhere%3Fx&switch=account`);
      assert.equal(new URL(page.url).origin, world.issuer);
      const end = await visitor.press(page, ['account', 'bob']);
      assert.equal(end.url, `${world.url}/here?x`);
      assert.deepEqual(headerValues((end.json() as Echo).rawHeaders, 'x-forwarded-email'), ['bob@acme.com']);
      const replayed = await world.visitor().bare(`${second}/`, { headers: { cookie: former } });
      assert.equal(replayed.status, 401);
      const other = await visitor.open(`${second}/`);
      assert.deepEqual(headerValues((other.json() as Echo).rawHeaders, 'x-forwarded-email'), ['bob@acme.com']);
      assert.equal(originsOf(other).has(world.issuer), false);
    });
  });

  describe('transactions', () => {
    const pending = (visitor: Visitor) =>
      visitor.jar.cookies(`${world.base}/`).filter(({ name }) => name.startsWith('postern-signin-'));

    test('six starts leave five transactions, and the one that had to go cannot be finished', async () => {
      const visitor = world.visitor();
      const states = [];
      for (let count = 0; count < 6; count++) {
        const { headers } = await visitor.navigate(`${world.base}/oauth2/start?rd=%2F`);
        states.push(new URL(headers.location ?? '').searchParams.get('state') ?? '');
      }
      const names = pending(visitor).map(({ name }) => name);
      assert.equal(names.length, 5);
      const evicted = states.filter((state) => !names.includes(`postern-signin-${state.split('.')[0]}`));
      assert.equal(evicted.length, 1);
      assert.notEqual(evicted[0], states[5]);
      isRefused(await visitor.navigate(`${world.base}/oauth2/callback?code=x&state=${evicted[0]}`));
    });

    test('a hundred starts given up leave fewer than 8 kB of cookies', async () => {
      const visitor = world.visitor();
      for (let count = 0; count < 100; count++) {
        await visitor.navigate(`${world.base}/oauth2/start?rd=%2F${'long'.repeat(200)}${count}`);
      }
      assert.ok(pending(visitor).length <= 5);
      assert.ok(visitor.jar.header(new URL(world.base)).length < 8192);
      assert.equal((await visitor.signIn(`${world.base}/`, 'ana')).status, 200);
    });

    const background: Record<string, Record<string, string>> = {
      'a fetch': { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' },
      'a module': { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'script' },
      'an image': { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
      'a frame': { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
      'a tool that wants JSON': { accept: 'application/json' },
    };
    for (const [name, headers] of Object.entries(background)) {
      test(`only navigations start one: ${name} does not`, async () => {
        const visitor = world.visitor();
        for (const url of [`${world.base}/oauth2/start?rd=%2F`, `${world.base}/`, `${world.url}/`]) {
          const answer = await visitor.bare(url, { headers });
          assert.equal(answer.status, 401, url);
          assert.equal(answer.headers['postern-error'], 'ERR_LOGIN_REQUIRED');
          assert.equal(answer.headers.location, undefined);
        }
        assert.deepEqual(visitor.jar.all(), []);
      });
    }

    test('the query of a start adds nothing to what the provider is asked', async () => {
      const evil =
        'redirect_uri=https%3A%2F%2Fevil.example&client_id=evil&scope=admin&prompt=none&request_uri=http%3A%2F%2Fevil';
      const { headers } = await world
        .visitor()
        .navigate(`${world.base}/oauth2/start?rd=%2F&${evil}&response_type=token`);
      const asked = new URL(headers.location ?? '').searchParams;
      assert.deepEqual(asked.getAll('redirect_uri'), [`${world.base}/oauth2/callback`]);
      assert.deepEqual(asked.getAll('client_id'), ['edge']);
      assert.deepEqual(asked.getAll('response_type'), ['code']);
      assert.deepEqual(asked.getAll('code_challenge_method'), ['S256']);
      assert.deepEqual(asked.getAll('scope'), ['openid email profile']);
      assert.deepEqual([asked.has('prompt'), asked.has('request_uri')], [false, false]);
      assert.ok(asked.has('nonce') && asked.has('state'));
    });
  });

  describe('a callback', () => {
    test('without the cookie of its sign-in is refused: nobody is signed in by a link', async () => {
      const attacker = world.visitor();
      const callback = await callbackUrl(attacker, `${world.base}/oauth2/start?rd=%2F`, 'bob');
      const victim = await world.signedIn('ana');
      isRefused(await victim.navigate(callback));
      isRefused(await world.visitor().navigate(callback));
      const who = await victim.fetch(`${world.base}/oauth2/userinfo`);
      assert.equal((who.json() as { email: string }).email, 'ana@acme.com');
    });

    test('counts once, even with the cookie put back', async () => {
      const visitor = world.visitor();
      const callback = await callbackUrl(visitor, `${world.base}/oauth2/start?rd=%2F`, 'ana');
      const cookie = visitor.jar.header(new URL(callback));
      assert.equal((await visitor.navigate(callback)).status, 302);
      isRefused(await visitor.navigate(callback));
      isRefused(await world.visitor().navigate(callback, { headers: { cookie } }));
    });

    const spoilt: Record<string, (callback: URL) => void> = {
      'another state': ({ searchParams }) => searchParams.set('state', `${searchParams.get('state')}x`),
      'no state': ({ searchParams }) => searchParams.delete('state'),
      'two states': ({ searchParams }) => searchParams.append('state', searchParams.get('state') ?? ''),
      'a list for a state': ({ searchParams }) => {
        searchParams.set('state[]', searchParams.get('state') ?? '');
        searchParams.delete('state');
      },
      'two codes': ({ searchParams }) => searchParams.append('code', 'another'),
      'another code': ({ searchParams }) => searchParams.set('code', 'another'),
      'no code': ({ searchParams }) => searchParams.delete('code'),
      'another issuer': ({ searchParams }) => searchParams.set('iss', 'https://evil.example'),
      'no issuer though the provider announces one': ({ searchParams }) => searchParams.delete('iss'),
      'an error beside the code': ({ searchParams }) => searchParams.set('error', 'login_required'),
    };
    for (const [name, spoil] of Object.entries(spoilt)) {
      test(`with ${name} is refused`, async () => {
        const visitor = world.visitor();
        const callback = new URL(await callbackUrl(visitor, `${world.base}/oauth2/start?rd=%2F`, 'ana'));
        spoil(callback);
        isRefused(await visitor.navigate(callback.href));
        assert.equal(await isIn(visitor, world.url), false);
      });
    }

    test('of another tab does not finish this one', async () => {
      const visitor = world.visitor();
      const one = new URL(await callbackUrl(visitor, `${world.base}/oauth2/start?rd=%2F`, 'ana'));
      const two = new URL(await callbackUrl(visitor, `${world.base}/oauth2/start?rd=%2F`, 'ana'));
      two.searchParams.set('state', one.searchParams.get('state') ?? '');
      isRefused(await visitor.navigate(two.href));
    });

    test('with the error of a provider at which the visitor gave up leaves no session, only a way to try again', async () => {
      const visitor = world.visitor();
      const page = await visitor.signIn(`${world.url}/deep?x=1`, '');
      isRefused(page, 403, 'ERR_ACCESS_DENIED');
      assert.equal(new URL(page.url).pathname, '/oauth2/callback');
      assert.equal(
        visitor.jar.all().some(({ name }) => name === SESSION),
        false,
      );
      const again = /href="([^"]*\/\.postern\/session[^"]*)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
      assert.equal((await visitor.signIn(again, 'ana')).url, `${world.url}/deep?x=1`);
    });
  });

  describe('a ticket', () => {
    async function ticketFor(visitor: Visitor, path = '/'): Promise<string> {
      const { headers } = await visitor.navigate(world.url + path);
      return ticketUrl(visitor, headers.location ?? '', 'ana');
    }

    test('counts once', async () => {
      const visitor = world.visitor();
      const url = await ticketFor(visitor);
      const redeemed = await visitor.navigate(url);
      assert.deepEqual([redeemed.status, redeemed.headers['referrer-policy']], [302, 'no-referrer']);
      isRefused(await visitor.navigate(url));
    });

    test('counts for one of two that redeem it at the same moment', async () => {
      const visitor = world.visitor();
      const url = await ticketFor(visitor);
      const answers = await Promise.all([visitor.navigate(url), visitor.navigate(url)]);
      assert.deepEqual(answers.map(({ status }) => status).sort(), [302, 400]);
    });

    test('counts in the browser that asked for it only', async () => {
      const url = await ticketFor(world.visitor());
      isRefused(await world.visitor().navigate(url));
      const other = world.visitor();
      await other.navigate(`${world.url}/`); // has a nonce of its own
      isRefused(await other.navigate(url));
    });

    test('counts on its own host only', async () => {
      const visitor = world.visitor();
      const url = await ticketFor(visitor);
      const cookie = visitor.jar.header(new URL(world.url));
      isRefused(await visitor.navigate(url.replace(world.url, second), { headers: { cookie } }));
      assert.equal((await visitor.navigate(url)).status, 302);
    });

    test('counts for a minute', async () => {
      const nonce = newNonce();
      const identity = { subject: 'ana', email: 'ana@acme.com', emailVerified: true, groups: [], groupsOmitted: false };
      const host = new URL(world.url).hostname;
      const fields = {
        host,
        nonceHash: hashNonce(nonce),
        identity,
        sessionId: 'sign-in',
        signedInAtMs: Date.now(),
        path: '/x',
      };
      const redeemAt = async (ageMs: number) => {
        const store = new MemoryStore();
        const tickets = new Tickets({ secrets: [world.secret], store, now: () => Date.now() - ageMs });
        const ticket = await tickets.issue(fields);
        await store.close();
        const headers = { cookie: `postern-nonce=${nonce}` };
        return world.visitor().navigate(`${world.url}/.postern/session?ticket=${ticket}`, { headers });
      };
      assert.equal((await redeemAt(50_000)).headers.location, '/x');
      isRefused(await redeemAt(60_000));
    });

    test('that was changed, cut or is something else is refused', async () => {
      const visitor = world.visitor();
      const url = await ticketFor(visitor);
      const [start = '', ticket = ''] = url.split('ticket=');
      const session = (await world.signedIn('ana')).jar.cookies(world.url).find(({ name }) => name === SESSION)?.value;
      const middle = ticket.length >> 1;
      const flipped = ticket.slice(0, middle) + (ticket[middle] === 'A' ? 'B' : 'A') + ticket.slice(middle + 1);
      for (const text of [flipped, ticket.slice(0, -1), `${ticket}A`, '', 'x', '....', session, 'A'.repeat(20_000)]) {
        isRefused(await visitor.navigate(`${start}ticket=${text}`));
      }
      assert.equal((await visitor.navigate(url)).status, 302);
    });
  });

  describe('open redirects', () => {
    const evil = 'evil.example';
    // Ours on the base host; on a tunnel's they are the app's.
    const ofTheBaseHost = ['/oauth2/sign_out', '/OAUTH2/sign_out', '/%6fauth2/start?rd=/', '/x/../oauth2/start'];
    const doubtful = () => [
      `https://${evil}/`,
      `//${evil}/`,
      `///${evil}`,
      `////${evil}`,
      `/\\${evil}`,
      `\\\\${evil}`,
      `/\\/${evil}`,
      `\\/\\/${evil}`,
      `/./\\${evil}`,
      `/.//${evil}`,
      `/..//${evil}`,
      `/x/..//${evil}`,
      `/%2e%2e//${evil}`,
      `/\t/${evil}`,
      `/\n/${evil}`,
      `/\r/${evil}`,
      `/\u000b/${evil}`,
      `\t//${evil}`,
      ` //${evil}`,
      `/ /${evil}`,
      `/\u0000/${evil}`,
      `javascript:alert(1)`,
      `JaVaScript:alert(1)`,
      `java\nscript:alert(1)`,
      'data:text/html,x',
      `http:${evil}`,
      `http:/${evil}`,
      `http:\\\\${evil}`,
      `HTTP://${evil}`,
      `ftp://${evil}`,
      `${world.base}@${evil}/`,
      `${world.base}.${evil}/`,
      `${world.base.replace('://', `://${evil}%2f`)}`,
      `${world.url}@${evil}`,
      world.base.replace('://', '://a:b@'),
      world.base.replace('://', `://${evil}:80@`),
      world.base.replace('localhost', 'evillocalhost'),
      world.base.replace(/\d+$/, '1'),
      world.base.replace(/:\d+$/, ''),
      `${world.base}\\@${evil}`,
      `${world.base}\t.${evil}`,
      world.base.replace('http:', 'https:'),
      world.base.replace('http:', ''),
      world.urlOf('a.b'),
      world.urlOf('www'),
      world.urlOf(''),
      world.urlOf('xn--e'),
      world.urlOf('%64emo'),
      world.urlOf('demo%00'),
      world.urlOf('démo'),
      world.url.replace('localhost', 'localhost.'),
      '/\u2028/evil',
      '\u3000//evil',
      `〱${evil}`,
      `${world.url}/.postern/sign_out`,
      `${world.url}/.postern%2fsign_out`,
      '?',
      '#',
      '',
      '.',
      '..',
      'x',
      '/'.repeat(9000),
    ];

    test('a doubtful return path is replaced, for a visitor with a session', async () => {
      const visitor = await world.signedIn('ana');
      for (const rd of [...doubtful(), ...ofTheBaseHost]) {
        const { status, headers } = await visitor.navigate(`${world.base}/oauth2/start?rd=${encodeURIComponent(rd)}`);
        assert.equal(status, 302, rd);
        const next = new URL(headers.location ?? '', world.base);
        assert.ok(ours().includes(next.origin), `${JSON.stringify(rd)} leads to ${headers.location}`);
        if (next.pathname !== '/.postern/session') assert.equal(next.pathname + next.search, '/', rd);
        else assert.equal(next.searchParams.get('rd'), '/', rd);
      }
    });

    test('a whole sign-in with a doubtful return path never leaves the provider and this edge', async () => {
      const rds = doubtful().filter((_, at) => at % 6 === 0);
      for (const rd of rds) {
        const page = await world.visitor().signIn(`${world.base}/oauth2/start?rd=${encodeURIComponent(rd)}`, 'ana');
        assert.equal(page.status, 200, rd);
        for (const origin of originsOf(page)) assert.ok([world.issuer, ...ours()].includes(origin), `${rd}: ${origin}`);
      }
    });

    test('a tunnel returns to its own paths only, and never to a sibling', async () => {
      const visitor = world.visitor();
      for (const rd of [...doubtful(), `${second}/steal`, second, `${world.base}/`]) {
        const { status, headers } = await visitor.navigate(
          `${world.url}/.postern/session?rd=${encodeURIComponent(rd)}`,
        );
        assert.equal(status, 302, rd);
        const next = new URL(headers.location ?? '');
        assert.equal(next.origin, world.base, rd);
        const back = new URL(next.searchParams.get('rd') ?? '');
        assert.deepEqual([back.origin, back.pathname], [world.url, '/'], rd);
      }
    });

    test('the return path of a sign-out is nobody else’s business', async () => {
      for (const rd of doubtful().slice(0, 12)) {
        const visitor = world.visitor();
        const { headers } = await visitor.navigate(`${world.base}/oauth2/sign_out?rd=${encodeURIComponent(rd)}`);
        const next = new URL(headers.location ?? '', world.base);
        assert.ok([world.issuer, world.base].includes(next.origin));
        const after = next.searchParams.get('post_logout_redirect_uri');
        assert.ok(after === null || new URL(after).origin === world.base);
      }
    });

    const CORPUS = join(PROJECT_ROOT, '../shared/corpora/oauth2-proxy-openredirects.txt');
    const skip = !existsSync(CORPUS) && 'the corpus is not here';

    test('no line of the public corpus leaves this edge, raw, decoded or encoded twice', { skip }, async () => {
      const lines = readFileSync(CORPUS, 'utf8')
        .split('\n')
        .filter((line) => line !== '');
      assert.ok(lines.length > 500);
      const visitor = await world.signedIn('ana');
      const start = `${world.base}/oauth2/start`;
      for (const line of lines) {
        for (const rd of [line, decoded(line), encodeURIComponent(line)]) {
          const { status, headers } = await visitor.navigate(`${start}?rd=${encodeURIComponent(rd)}`);
          assert.equal(status, 302, rd);
          const next = new URL(headers.location ?? '', start);
          assert.ok(ours().includes(next.origin), `${JSON.stringify(rd)} leads to ${headers.location}`);
        }
      }
    });

    test('every line of the public corpus starts a sign-in at the provider and nowhere else', { skip }, async () => {
      const lines = readFileSync(CORPUS, 'utf8')
        .split('\n')
        .filter((line) => line !== '');
      for (const line of lines) {
        const visitor = world.visitor();
        const rd = encodeURIComponent(decoded(line));
        const answer = await visitor.navigate(`${world.base}/oauth2/start?rd=${rd}`);
        assert.equal(new URL(answer.headers.location ?? '').origin, world.issuer, line);
        visitor.close();
      }
      for (const line of lines.filter((_line, at) => at % 40 === 0)) {
        const rd = encodeURIComponent(decoded(line));
        const page = await world.visitor().signIn(`${world.base}/oauth2/start?rd=${rd}`, 'ana');
        for (const origin of originsOf(page))
          assert.ok([world.issuer, ...ours()].includes(origin), `${line}: ${origin}`);
      }
    });
  });

  describe('signing out', () => {
    test('on one tunnel ends the session on all of them, also for cookies that were kept', async () => {
      const visitor = await world.signedIn('ana');
      await visitor.open(`${second}/`);
      const kept = [world.url, second, world.base].map((url) => [url, visitor.jar.header(new URL(url))] as const);
      const end = await visitor.open(`${world.url}/.postern/sign_out`);
      assert.equal(end.url, `${world.base}/oauth2/signed_out`);
      for (const [url, cookie] of kept) {
        const own = url === world.base ? `${url}/oauth2/userinfo` : `${url}/`;
        const { status } = await world.visitor().bare(own, { headers: { cookie } });
        assert.equal(status, 401, url);
        const isKept = visitor.jar.cookies(world.url).some(({ name }) => name === SESSION);
        assert.equal(isKept, false);
      }
      await assert.rejects(
        visitor.socket(`${second}/ws`),
        (error) => error instanceof RefusedUpgrade && error.status === 401,
      );
    });

    test('on the base host ends the session on the tunnels, and at the provider', async () => {
      const visitor = await world.signedIn('ana');
      await visitor.open(`${world.base}/oauth2/sign_out`);
      const page = await visitor.open(`${world.url}/`);
      assert.equal(new URL(page.url).origin, world.issuer);
      assert.match(new URL(page.url).pathname, /^\/interaction\//);
    });

    for (const where of ['tunnel', 'base'] as const) {
      const pathOf = { tunnel: '/.postern/sign_out', base: '/oauth2/sign_out' }[where];
      const leave = () => (where === 'base' ? world.base : world.url) + pathOf;

      test(`happens on the ${where} host when typed, or from the same origin`, async () => {
        for (const initiator of [undefined, new URL(leave()).origin]) {
          for (const method of initiator === undefined ? ['GET'] : ['GET', 'POST']) {
            const visitor = await world.signedIn('ana');
            const answer = await visitor.navigate(leave(), { method, ...(initiator ? { initiator } : {}) });
            assert.equal(answer.status, 302);
            assert.equal(await isIn(visitor, world.url), false);
          }
        }
      });

      test(`asks first on the ${where} host when another site sent the visitor`, async () => {
        const visitor = await world.signedIn('ana');
        for (const initiator of ['https://evil.example', second, 'http://localhost:1']) {
          for (const method of ['GET', 'POST']) {
            const page = await visitor.navigate(leave(), { method, initiator });
            assert.equal(page.status, 200, `${method} from ${initiator}`);
            assert.deepEqual(page.setCookies, []);
            assert.equal(await isIn(visitor, world.url), true, `${method} from ${initiator}`);
          }
        }
        const page = await visitor.open(leave(), { initiator: 'https://evil.example' });
        await visitor.press(page);
        assert.equal(await isIn(visitor, world.url), false);
      });

      test(`is not done by an image or an old browser's GET on the ${where} host`, async () => {
        const visitor = await world.signedIn('ana');
        const image = { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image', 'sec-fetch-site': 'cross-site' };
        for (const headers of [image, {}, { origin: 'null' }]) {
          await visitor.bare(leave(), { headers });
          await visitor.bare(leave(), { headers, method: 'POST' });
          assert.equal(await isIn(visitor, world.url), true);
        }
      });
    }
  });
});

function sessionsSet({ setCookies }: Answer): string[] {
  return setCookies.filter((line) => line.includes(SESSION));
}

/** The lines of the corpus are escaped for a query; a few are not well-formed, and stand for themselves. */
function decoded(line: string): string {
  try {
    return decodeURIComponent(line);
  } catch {
    return line;
  }
}
