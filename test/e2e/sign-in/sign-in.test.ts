/**
 * Signing in and out as browsers do it, across edge, provider and two tunnels: everybody ends where they started, and
 * nobody ends anywhere else, signed in as somebody else, or half signed in.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { hashNonce, Nonces } from '../../../src/auth/session/nonce.js';
import { Tickets } from '../../../src/auth/session/ticket.js';
import { headerValues } from '../../../src/http/fields.js';
import { inWorld } from '../../support/in-world.js';
import { remembered } from '../../support/remembered.js';
import { ticketUrl } from '../../support/sign-in-steps.js';
import type { Echo } from '../../support/target-paths.js';
import { overEach } from '../../support/versions.js';
import type { Visitor, VisitorResponse } from '../../support/visitor.js';

const SESSION = 'postern-session';

describe('signing in', () => {
  const { world } = inWorld({ manyAddresses: true });
  let second: string;

  before(async () => {
    await world.startAgent({ name: 'dev-two' });
    second = world.urlOf('dev-two');
  });

  function isRefused(response: VisitorResponse): void {
    assert.equal(response.status, 302, response.url);
    assert.equal(response.headers['cache-control'], 'no-store');
    // To a page of the base host: the ticket does not stay in the address bar of the app's origin.
    const shown = new URL(response.headers.location ?? '');
    assert.equal(shown.origin + shown.pathname, `${world.base}/oauth2/failed`);
    assert.equal(shown.href.includes('ticket'), false);
    assert.deepEqual(sessionsSet(response), []);
  }

  const originsOf = ({ trail }: VisitorResponse) => new Set(trail.map((url) => new URL(url).origin));

  overEach(world, () => {
    describe('the way back', () => {
      test('a session on the base host opens a second tunnel without the provider', async () => {
        const visitor = await world.signedIn('ana');
        const page = await visitor.open(`${second}/deep?x=1`);
        assert.equal(page.url, `${second}/deep?x=1`);
        assert.deepEqual(originsOf(page), new Set([second, world.base]));
      });

      test('a sign-in that started nowhere ends at the portal', async () => {
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
      const background: Record<string, Record<string, string>> = {
        'a fetch': { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' },
        'a module': { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'script' },
        'an image': { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
        'a frame': { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
        'a tool that wants JSON': { accept: 'application/json' },
      };
      for (const [name, headers] of Object.entries(background)) {
        test(`only navigations start a sign-in: ${name} does not`, async () => {
          const visitor = world.visitor();
          for (const url of [`${world.base}/oauth2/start?rd=%2F`, `${world.base}/`, `${world.url}/`]) {
            const response = await visitor.bare(url, { headers });
            assert.equal(response.status, 401, url);
            assert.equal(response.headers['postern-error'], 'ERR_LOGIN_REQUIRED');
            assert.equal(response.headers.location, undefined);
          }
          assert.deepEqual(visitor.jar.all(), []);
        });
      }
    });

    describe('a ticket', () => {
      async function ticketFor(visitor: Visitor, path = '/'): Promise<string> {
        const { headers } = await visitor.navigate(world.url + path);
        return ticketUrl(visitor, headers.location ?? '', 'ana');
      }

      test('a ticket counts once', async () => {
        const visitor = world.visitor();
        const url = await ticketFor(visitor);
        const redeemed = await visitor.navigate(url);
        assert.deepEqual([redeemed.status, redeemed.headers['referrer-policy']], [302, 'no-referrer']);
        isRefused(await visitor.navigate(url));
      });

      test('a ticket counts for one of two that redeem it at the same moment', async () => {
        const visitor = world.visitor();
        const url = await ticketFor(visitor);
        const answers = await Promise.all([visitor.navigate(url), visitor.navigate(url)]);
        assert.equal(answers.filter(({ headers }) => headers.location === '/').length, 1);
        assert.equal(answers.flatMap(sessionsSet).length, 1);
      });

      test('a ticket counts only in the browser that asked for it', async () => {
        const url = await ticketFor(world.visitor());
        isRefused(await world.visitor().navigate(url));
        const other = world.visitor();
        await other.navigate(`${world.url}/`); // has a nonce of its own
        isRefused(await other.navigate(await ticketFor(world.visitor())));
      });

      test('a ticket counts on its own host only, and an attempt elsewhere uses it up', async () => {
        const visitor = world.visitor();
        const url = await ticketFor(visitor);
        const cookie = visitor.jar.header(new URL(world.url));
        isRefused(await visitor.navigate(url.replace(world.url, second), { headers: { cookie } }));
        isRefused(await visitor.navigate(url));
      });

      test('a ticket counts for a minute', async () => {
        const host = new URL(world.url).hostname;
        const nonce = new Nonces([world.secret]).issue(host);
        const identity = {
          issuer: world.issuer,
          domainProof: 'email' as const,
          subject: 'ana',
          email: 'ana@acme.com',
          emailVerified: true,
          groups: [],
          groupsOmitted: false,
        };
        const fields = {
          host,
          nonceHash: hashNonce(nonce),
          identity,
          sessionId: 'sign-in',
          signedInAtMs: Date.now(),
          path: '/x',
        };
        const redeemAt = async (ageMs: number) => {
          const tickets = new Tickets({
            secrets: [world.secret],
            issuers: [world.issuer],
            ...remembered(),
            now: () => Date.now() - ageMs,
          });
          const ticket = await tickets.issue(fields);
          const headers = { cookie: `postern-nonce=${nonce}` };
          return world.visitor().navigate(`${world.url}/.postern/session?ticket=${ticket}`, { headers });
        };
        assert.equal((await redeemAt(50_000)).headers.location, '/x');
        isRefused(await redeemAt(60_000));
      });

      test('a ticket that was changed, cut or is something else is refused', async () => {
        const visitor = world.visitor();
        const url = await ticketFor(visitor);
        const [start = '', ticket = ''] = url.split('ticket=');
        const session = (await world.signedIn('ana')).jar
          .cookies(world.url)
          .find(({ name }) => name === SESSION)?.value;
        const middle = ticket.length >> 1;
        const flipped = ticket.slice(0, middle) + (ticket[middle] === 'A' ? 'B' : 'A') + ticket.slice(middle + 1);
        for (const text of [flipped, ticket.slice(0, -1), `${ticket}A`, '', 'x', '....', session, 'A'.repeat(20_000)]) {
          isRefused(await visitor.navigate(`${start}ticket=${text}`));
        }
        assert.equal((await visitor.navigate(url)).headers.location, '/');
      });
    });

    describe('signing out', () => {
      test('a sign-out on the base host ends the session on the tunnels, and at the provider', async () => {
        const visitor = await world.signedIn('ana');
        await visitor.press(await visitor.open(`${world.base}/oauth2/sign_out`));
        const page = await visitor.open(`${world.url}/`);
        assert.equal(new URL(page.url).origin, world.issuer);
        assert.match(new URL(page.url).pathname, /^\/interaction\//);
      });
    });
  });
});

function sessionsSet({ setCookies }: VisitorResponse): string[] {
  return setCookies.filter((line) => line.includes(SESSION));
}
