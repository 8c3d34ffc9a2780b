/**
 * By raw bytes: whose cookie a cookie is. Around its name only SP and HTAB are white space; any other byte makes it
 * somebody else's, in both directions. And two genuine sessions in one request, which nobody can choose between.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { headerValues } from '../../../src/http/fields.js';
import { inWorld } from '../../support/in-world.js';
import { overEach } from '../../support/versions.js';
import type { Visitor } from '../../support/visitor.js';
import { sendLines } from '../../support/wire.js';

const NAME = 'postern-session';

describe('the cookies of a request', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana', shared: true });
  let host: string;
  let value: string;

  before(async () => {
    host = new URL(world.url).host;
    value = sessionOf(ana, world.url);
  });

  const ask = (cookie: string, path = '/') =>
    sendLines(world.port, [`GET ${path} HTTP/1.1`, `Host: ${host}`, `Cookie: ${cookie}`, 'Connection: close']);

  overEach(world, () => {
    test('P1 no byte but SP and HTAB may stand before or behind the name of a session', async () => {
      const isDelimiter = (byte: number) => byte === 0x3b; // ends a pair, so what follows begins one
      for (let byte = 0; byte <= 0xff; byte++) {
        const sign = String.fromCharCode(byte);
        const isBlank = byte === 0x20 || byte === 0x09;
        const before = await ask(`a=1;${sign}${NAME}=${value}`);
        assert.equal(before.status === 200, isBlank || isDelimiter(byte), `0x${byte.toString(16)} before the name`);
        const behind = await ask(`a=1;${NAME}${sign}=${value}`);
        assert.equal(behind.status === 200, isBlank, `0x${byte.toString(16)} behind the name`);
        for (const { status } of [before, behind]) assert.ok([200, 400, 401].includes(status), String(status));
      }
    });

    test('P1 what some reader would take for a cookie of ours reaches no target', async () => {
      const signs = ['\xa0', '\xc2\xa0', '\xef\xbb\xbf', '\xe2\x80\x83', '\x85', ' \xa0\t'];
      for (const prefix of ['', '__Host-', '__Secure-']) {
        const alike = signs.map((sign) => `${sign}${prefix}${NAME}=evil`).join('; ');
        await world.target.forget();
        assert.equal((await ask(`a=1; ${alike}; ${NAME}=${value}; \xa0b=\xa02\xa0`)).status, 200);
        const [seen] = await world.target.seen();
        assert.deepEqual(headerValues(seen?.rawHeaders ?? [], 'cookie'), ['a=1; \xa0b=\xa02\xa0']);
      }
    });

    test('P1 no target sets what some reader would take for a cookie of ours', async () => {
      const names = ['\xa0', '=\xa0', ' =\xa0', '\xa0\xa0'].map((sign) => `${sign}__Host-${NAME}`);
      const lines = names.map((name) => `Set-Cookie: ${name}=evil; Path=/; Domain=localhost`);
      const query = new URLSearchParams(['Set-Cookie: \xa0kept=1', ...lines].map((line) => ['header', line]));
      const { status, values } = await ask(`${NAME}=${value}`, `/answer?${query}`);
      assert.equal(status, 200);
      assert.equal(
        values('set-cookie').some((line) => line.includes(NAME)),
        false,
      );
    });

    test('P2 two sessions in one request are nobody, on a page that clears both and leads back in', async () => {
      const bob = await world.signedIn('bob');
      const planted = `${NAME}=${sessionOf(bob, world.url)}; Path=/deep; Domain=${new URL(world.url).hostname}`;
      ana.jar.set(planted, new URL(world.url));
      const page = await ana.open(`${world.url}/deep/page?x=1`);
      assert.equal(page.status, 401);
      assert.equal(page.headers['postern-error'], 'ERR_LOGIN_REQUIRED');
      assert.equal(page.trail.length, 1, 'no redirect');
      assert.match(page.text, /href="[^"]*\/\.postern\/session\?rd=/);
      const again = await ana.open(`${world.url}/.postern/session?rd=%2Fdeep%2Fpage`);
      assert.equal(again.url, `${world.url}/deep/page`);
      assert.equal(again.status, 200);
      assert.deepEqual(ana.jar.cookies(`${world.url}/deep/page`).filter(({ name }) => name === NAME).length, 1);
    });

    test('P2 two sessions on the base host end in the same page', async () => {
      const visitor = await world.signedIn('ana');
      const bob = await world.signedIn('bob');
      const both = [visitor, bob].map((person) => `${NAME}=${sessionOf(person, world.base)}`).join('; ');
      const page = await world.visitor().navigate(`${world.base}/`, { headers: { cookie: both } });
      assert.deepEqual([page.status, page.headers.location], [401, undefined]);
      assert.ok(page.setCookies.every((line) => line.startsWith(`${NAME}=; Max-Age=0`)));
      assert.ok(page.setCookies.length > 0);
    });
  });
});

function sessionOf(visitor: Visitor, url: string): string {
  return visitor.jar.cookies(url).find(({ name }) => name === NAME)?.value ?? '';
}
