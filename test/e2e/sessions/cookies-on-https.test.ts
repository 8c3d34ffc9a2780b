/** Session cookies on https, where their names have the `__Host-` prefix (RFC 6265bis section 4.1.3.2). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inWorld } from '../../support/in-world.js';
import { NOT_SETTABLE } from '../../support/reserved-cookies.js';
import type { Visitor } from '../../support/visitor.js';
import type { World } from '../../support/world.js';

const NAME = 'postern-session';
const HOUR_MS = 3_600_000;

describe('session cookies on https', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana', domain: 'tunnel.test' });

  test('D2 our cookies carry the prefix by which browsers keep them to their host, and Secure', () => {
    for (const url of [world.url, world.base]) {
      const [cookie] = ana.jar.cookies(url).filter(({ name }) => name === `__Host-${NAME}`);
      assert.ok(cookie?.secure && cookie.hostOnly && cookie.httpOnly && cookie.path === '/', url);
      assert.ok(`${cookie.name}=${cookie.value}`.length < 600);
      assert.ok(cookie.sameSite === 'lax' && cookie.expiresAtMs <= Date.now() + 2 * HOUR_MS + 1000);
    }
    const ours = ana.jar.all().filter(({ name }) => name.includes('postern'));
    assert.ok(ours.every(({ name, secure }) => secure && name.startsWith('__Host-')));
  });

  test('D3 a session counts under the name with the prefix only', async () => {
    const value = ana.jar.cookies(world.url).find(({ name }) => name === `__Host-${NAME}`)?.value;
    const statusOf = async (name: string) => {
      const { status } = await world.visitor().bare(`${world.url}/`, { headers: { cookie: `${name}=${value}` } });
      return status;
    };
    assert.equal(await statusOf(`__Host-${NAME}`), 200);
    for (const name of [NAME, `__Secure-${NAME}`, `__host-${NAME}`]) assert.equal(await statusOf(name), 401, name);
  });

  const host = 'demo.tunnel.test';
  const kept = [
    'a=1; Path=/; HttpOnly',
    `b=2; Domain=${host}`,
    `c=3; Domain=.${host}; Secure`,
    'd=4; Domain=',
    'postern=mine',
    'e="quoted; Path=/x',
    'f=postern-session=x',
    'g=1; Expires=Wed, 21 Oct 2065 07:28:00 GMT',
  ];
  const forSiblings = [
    'h=1; Domain=tunnel.test',
    'i=1; Domain=.tunnel.test',
    'j=1; domain = TUNNEL.TEST',
    `k=1; Domain=${host}; Domain=tunnel.test`,
    'l=1; Domain=dev-two.tunnel.test',
    'm=1; Domain=..tunnel.test',
    `n=1; Domain=x${host}`,
    'o=1; Domain=test',
  ];

  test('D19 the app sets its own cookies untouched, and none of ours or for its siblings', async () => {
    const mixed = [...NOT_SETTABLE, ...forSiblings].flatMap((line, at) => [line, ...kept.slice(at, at + 1)]);
    assert.deepEqual(await told(ana, world, mixed), kept);
  });

  for (const line of forSiblings) {
    test(`D19 the app cannot set ${JSON.stringify(line)}`, async () =>
      assert.deepEqual(await told(ana, world, [line]), []));
  }
});

/** The `Set-Cookie` lines that arrive of those that the app sends. */
async function told(visitor: Visitor, { url }: World, lines: readonly string[]): Promise<readonly string[]> {
  const query = new URLSearchParams(lines.map((line) => ['header', `Set-Cookie: ${line}`]));
  return (await visitor.fetch(`${url}/answer?${query}`)).setCookies;
}
