/** Whether a name is a tunnel: only those who are let in are told, offline or not, by no difference of the responses. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { inWorld } from '../../support/in-world.js';
import type { Program } from '../../support/processes.js';
import { RefusedUpgrade, type VisitOptions, type Visitor, type VisitorResponse } from '../../support/visitor.js';

describe('the existence of a tunnel', () => {
  const { world } = inWorld({ manyAddresses: true });
  let agent: Program; // of the world's own tunnel; tests start others
  before(() => {
    agent = world.agent;
  });

  describe('whether a name is a tunnel', () => {
    const [late, never] = ['dev-late', 'dev-none']; // of one length: so are the answers
    const sizes: number[][] = [];

    const kinds = {
      navigation: (visitor: Visitor, url: string, cookie: string) =>
        visitor.navigate(`${url}/x`, { headers: { cookie } }),
      fetch: (visitor: Visitor, url: string, cookie: string) =>
        visitor.fetch(`${url}/x`, { initiator: url, headers: { cookie } }),
      userinfo: (visitor: Visitor, url: string, cookie: string) =>
        visitor.fetch(`${url}/.postern/userinfo`, { initiator: url, headers: { cookie } }),
      'sign-out': (visitor: Visitor, url: string, cookie: string) =>
        visitor.navigate(`${url}/.postern/sign_out`, { headers: { cookie } }),
      'sign-in': (visitor: Visitor, url: string, cookie: string) =>
        visitor.navigate(`${url}/.postern/session?rd=%2F`, { headers: { cookie } }),
    };

    /** What a cookie gets: random texts by their length, and without what differs for two names in any case. */
    async function heard(name: string, cookie: string): Promise<unknown> {
      const answers = Object.entries(kinds).map(async ([kind, ask]) => {
        const { status, headers, text } = await ask(world.visitor(), world.urlOf(name), cookie);
        const { date: _, ...rest } = headers;
        const plain = (one: string) =>
          one
            .replaceAll(String(headers['x-request-id']), 'ID')
            .replaceAll(name, 'NAME')
            .replace(/"expires_at":"[^"]*"/, '')
            .replace(/((?:nonce|of)[=-])([\w.-]+)/g, (_, before, random) => `${before}${String(random).length}`);
        return [kind, status, plain(JSON.stringify(rest)), plain(text)];
      });
      return Promise.all(answers);
    }

    /** The cookie that a visitor who is denied at a name has from there. */
    async function deniedAt(name: string): Promise<string> {
      const visitor = world.visitor();
      const page = await visitor.signIn(`${world.urlOf(name)}/`, 'eve');
      assert.deepEqual([page.status, page.headers['postern-error']], [403, 'ERR_ACCESS_DENIED']);
      const cookie = visitor.jar.header(new URL(world.urlOf(name)));
      await assert.rejects(
        world.visitor().socket(`${world.urlOf(name)}/ws`, { headers: { cookie } }),
        (error) => error instanceof RefusedUpgrade && error.status === 403,
      );
      // The ticket among them, where it goes by URL.
      const steps = page.trail.filter((url) => !url.startsWith(world.issuer)).map((url) => url.length);
      sizes.push([...steps, cookie.length]);
      return cookie;
    }

    /** `userinfo` tells who one is. */
    function isDenied(answers: unknown): void {
      const statuses = (answers as [string, number][]).map(([kind, status]) => [kind, status]);
      assert.deepEqual(Object.fromEntries(statuses), {
        navigation: 403,
        fetch: 403,
        userinfo: 200,
        'sign-out': 302,
        'sign-in': 302,
      });
    }

    test('F5 whether a name is a tunnel is not told by what becomes of a session from before it was one, or of a former owner', async () => {
      const early = { [late]: await deniedAt(late), [never]: await deniedAt(never) };
      const unknown = await heard(never, early[never] ?? '');
      isDenied(unknown);
      assert.deepEqual(await heard(late, early[late] ?? ''), unknown);

      const bob = await world.token({ owner: 'bob@acme.com' });
      const first = await world.startAgent({ name: late, token: bob, allow: ['bob@acme.com'] });
      assert.deepEqual(await heard(late, early[late] ?? ''), unknown, 'somebody has the name now');

      const ofBobs = await deniedAt(late);
      assert.equal(sizes.length, 3);
      for (const size of sizes)
        assert.deepEqual(size, sizes[0], 'what a sign-in looks like, where somebody has the name');
      assert.deepEqual(await heard(late, ofBobs), unknown);

      await first.kill();
      // Without a state folder a restart forgets whose the name is.
      await world.edge.kill();
      await world.startEdge();
      const second = await world.startAgent({ name: late });
      assert.deepEqual(await heard(late, ofBobs), unknown, 'somebody else has it');
      await second.kill();
      assert.deepEqual(await heard(late, ofBobs), unknown, 'its agent has gone');

      await world.edge.kill();
      await world.startEdge();
      assert.deepEqual(await heard(late, ofBobs), unknown, 'nobody is known to have it');
    });
  });

  describe('whether a tunnel exists', () => {
    /** An answer without what differs for two names in any case: the names, the request id, the time. */
    function comparable({ status, headers, text }: VisitorResponse, name: string): unknown {
      const id = headers['x-request-id'];
      const plain = (one: string) =>
        one
          .replaceAll(name, 'NAME')
          .replaceAll(String(id), 'ID')
          .replace(/nonce[=-][\w.-]{87}|"expires_at":"[^"]*"/g, '');
      const { date: _, ...rest } = headers;
      return { status, headers: plain(JSON.stringify(rest)), text: plain(text) };
    }

    const kinds: Record<string, VisitOptions & { readonly path?: string }> = {
      'a navigation': { headers: { accept: 'text/html' } },
      'a fetch': { headers: { accept: '*/*', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' } },
      'a fetch from a sibling': { headers: { origin: 'http://dev-x.localhost' } },
      'a POST': { method: 'POST', body: 'x' },
      'a preflight': { method: 'OPTIONS', headers: { 'access-control-request-method': 'PUT' } },
      'a path of ours': { path: '/.postern/session?rd=%2F' },
      'who am I': { path: '/.postern/userinfo' },
      'a bad ticket': { path: '/.postern/session?ticket=x' },
    };
    // `mal` has an address that the provider has not verified: a reason of its own, on every tunnel.
    for (const who of ['a stranger', 'eve', 'mal']) {
      test(`whether a tunnel exists is not told to ${who}`, async () => {
        const visitor = world.visitor();
        const names = [world.name, 'nope'];
        if (who !== 'a stranger') for (const name of names) await visitor.signIn(`${world.urlOf(name)}/`, who);
        for (const [kind, options] of Object.entries(kinds)) {
          const cookie = (name: string) => visitor.jar.header(new URL(world.urlOf(name)));
          const [known, unknown] = await Promise.all(
            names.map(async (name) => {
              const headers = { ...options.headers, cookie: cookie(name) || undefined };
              return comparable(await world.visitor().bare(`${world.urlOf(name)}/`, { ...options, headers }), name);
            }),
          );
          assert.deepEqual(unknown, known, kind);
        }
        for (const name of names) {
          const status = who === 'a stranger' ? 401 : 403;
          await assert.rejects(
            visitor.socket(`${world.urlOf(name)}/ws`),
            (error) => error instanceof RefusedUpgrade && error.status === status,
          );
        }
      });
    }

    test('whether a tunnel is offline is told to those who have been let in', async () => {
      const ana = await world.signedIn('ana');
      const down = world.edge.record((line) => line['event'] === 'tunnel-down' && line['tunnel'] === world.name);
      await agent.kill();
      await down;
      const offline = await ana.fetch(`${world.url}/`);
      assert.deepEqual([offline.status, offline.headers['postern-error']], [503, 'ERR_TUNNEL_OFFLINE']);
      assert.ok(Number(offline.headers['retry-after']) > 0);
      const eve = await world.visitor().signIn(`${world.url}/`, 'eve');
      assert.equal(eve.status, 403);
      assert.equal((await world.visitor().bare(`${world.url}/`)).status, 401);
    });
  });
});
