/** The identity headers of a tunnel that strangers may open. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { headerValues } from '../../../src/http/fields.js';
import { normalizedName } from '../../../src/http/header-rules.js';
import { inWorld } from '../../support/in-world.js';
import type { Echo } from '../../support/target-paths.js';

const IDENTITY = [
  'x-forwarded-user',
  'x-forwarded-email',
  'x-forwarded-preferred-username',
  'x-forwarded-groups',
  'x-postern-assertion',
];

describe('a public tunnel', () => {
  const { world } = inWorld({ allow: ['public', 'ana@acme.com'], edgeEnv: { POSTERN_PUBLIC: 'true' } });

  test('E6 gives strangers no identity, and takes from them the one that they bring', async () => {
    const headers = Object.fromEntries(IDENTITY.map((name) => [name, 'evil']));
    for (const method of ['GET', 'OPTIONS', 'POST']) {
      const response = await world.visitor().bare(`${world.url}/`, {
        method,
        headers: { ...headers, x_forwarded_email: 'evil', connection: 'x-forwarded-for' },
      });
      assert.equal(response.status, 200);
      const { rawHeaders } = response.json() as Echo;
      for (const name of IDENTITY)
        assert.equal(
          rawHeaders.some((field) => normalizedName(field) === name),
          false,
          name,
        );
      assert.equal(JSON.stringify(rawHeaders).includes('evil'), false);
      assert.deepEqual(headerValues(rawHeaders, 'x-forwarded-for'), ['127.0.0.1']);
    }
  });

  test('E6 says who it is of those whom another rule lets in', async () => {
    const visitor = world.visitor();
    await visitor.signIn(`${world.url}/.postern/session?rd=%2F`, 'ana');
    const { rawHeaders } = (await visitor.fetch(`${world.url}/`)).json() as Echo;
    assert.deepEqual(headerValues(rawHeaders, 'x-forwarded-email'), ['ana@acme.com']);
    const other = world.visitor();
    await other.signIn(`${world.url}/.postern/session?rd=%2F`, 'bob');
    const anonymous = (await other.fetch(`${world.url}/`)).json() as Echo;
    for (const name of IDENTITY) assert.deepEqual(headerValues(anonymous.rawHeaders, name), [], name);
  });
});
