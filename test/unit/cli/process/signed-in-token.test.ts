/** A sign-in that is renewed while its file cannot be written: the refresh token that the edge has taken is not presented again. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Credentials } from '../../../../src/cli/process/credentials.js';
import { SignedInToken } from '../../../../src/cli/process/signed-in-token.js';

interface Grant {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: number;
}

const HOUR_S = 3_600;
const GRANTS = [1, 2].map((at) => ({ access_token: `a${at}`, refresh_token: `r${at}`, expires_in: HOUR_S }));

/** An edge that renews with each of `grants` in turn, and the refresh tokens that were presented to it. */
async function edgeOf(t: TestContext, grants: readonly Grant[]): Promise<{ edge: string; presented: string[] }> {
  const presented: string[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    response.setHeader('Content-Type', 'application/json');
    if (request.url !== '/token') return response.end(JSON.stringify(metadataOf(edge)));
    const grant = grants[presented.length];
    presented.push(new URLSearchParams(body).get('refresh_token') ?? '');
    return response.end(JSON.stringify({ ...grant, token_type: 'bearer', owner: 'ana@acme.com' }));
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const edge = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { edge, presented };
}

function metadataOf(edge: string): object {
  const [authorization, token, device, revocation] = ['authorize', 'token', 'device', 'revoke'].map(
    (name) => `${edge}/${name}`,
  );
  return {
    issuer: edge,
    authorization_endpoint: authorization,
    token_endpoint: token,
    device_authorization_endpoint: device,
    revocation_endpoint: revocation,
  };
}

/** A sign-in at an edge that has to be renewed. */
async function signedIn(t: TestContext, edge: string): Promise<Credentials> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-signed-in-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const credentials = new Credentials(join(folder, 'credentials.json'));
  const due = {
    owner: 'ana@acme.com',
    issuedAtMs: 1,
    expiresAtMs: 2,
    accessToken: 'a0',
    refreshToken: 'r0',
  };
  await credentials.locked(async () => credentials.write(edge, due, true));
  return credentials;
}

describe('a sign-in', () => {
  it('that was renewed but could not be written is used, and written once that is possible', async (t) => {
    const { edge, presented } = await edgeOf(t, GRANTS);
    const credentials = await signedIn(t, edge);
    const token = new SignedInToken({ edge, credentials });
    mkdirSync(`${credentials.path}.new`); // in the way of the new file
    await token.prepare();
    assert.equal(credentials.find(edge)?.refreshToken, 'r0');
    assert.equal(await token.current(), 'a1');
    assert.equal(credentials.find(edge)?.refreshToken, 'r0');
    rmdirSync(`${credentials.path}.new`);
    assert.equal(await token.current(), 'a1');
    assert.equal(credentials.find(edge)?.refreshToken, 'r1');
    assert.deepEqual(presented, ['r0']);
  });

  it('gives way to a newer one, not to an older one', async (t) => {
    const { edge, presented } = await edgeOf(t, GRANTS);
    const credentials = await signedIn(t, edge);
    const token = new SignedInToken({ edge, credentials });
    await token.prepare();
    const renewed = credentials.find(edge);
    assert.ok(renewed !== undefined);
    for (const [offsetMs, accessToken, expected] of [
      [-1, 'older', 'a1'],
      [1, 'newer', 'newer'],
    ] as const) {
      const other = { ...renewed, accessToken, issuedAtMs: renewed.issuedAtMs + offsetMs };
      await credentials.locked(async () => credentials.write(edge, other, false));
      assert.equal(await token.current(), expected);
    }
    assert.deepEqual(presented, ['r0']);
  });

  for (const [name, part] of [
    ['a life without an end', { expires_in: 1e308 }],
    ['a token that no header can have', { access_token: 'a b' }],
  ] as const)
    it(`is left as it is when the edge renews it with ${name}`, async (t) => {
      const { edge } = await edgeOf(
        t,
        GRANTS.map((grant) => ({ ...grant, ...part })),
      );
      const credentials = await signedIn(t, edge);
      const text = readFileSync(credentials.path, 'utf8');
      const token = new SignedInToken({ edge, credentials });
      await assert.rejects(token.prepare(), /the edge gave tokens of another kind/);
      assert.equal(readFileSync(credentials.path, 'utf8'), text);
    });
});
