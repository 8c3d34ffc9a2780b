import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { describe, it } from 'node:test';
import { compare, edgeChecks, providerCheck } from '../../../../src/cli/doctor/edge.js';
import { edgeLike, finding, findings } from './servers.js';

const keys: RequestListener = (_request, response) => response.end('{"keys":[]}');

describe('the check of the edge', () => {
  it('knows an edge by its keys, and takes its time', async (t) => {
    const found = await findings(edgeChecks(await edgeLike(t, keys)));
    assert.deepEqual([found.edge?.result, found.clock?.result], ['ok', 'ok']);
  });

  it('compares clocks by the Date of the response', async (t) => {
    const edge = await edgeLike(t, keys);
    const found = await findings(edgeChecks(edge, () => Date.now() - 300_000));
    assert.equal(found.clock?.result, 'failure');
    assert.match(found.clock?.text ?? '', /^this clock is 5 minutes behind/);
  });

  it('tells another site, and where it points to', async (t) => {
    const site = await edgeLike(t, (_request, response) => response.end('<h1>It works!</h1>'));
    assert.equal((await finding(edgeChecks(site)[0])).result, 'failure');
    const moved = await edgeLike(t, (_request, response) =>
      response.writeHead(301, { location: 'https://tunnel.acme.com/' }).end(),
    );
    assert.match((await finding(edgeChecks(moved)[0])).fix ?? '', /https:\/\/tunnel\.acme\.com/);
    const body = '{"error":{"code":"ERR_TUNNEL_UNKNOWN","message":"No such tunnel.","retryable":false}}';
    const tunnel = await edgeLike(t, (_request, response) => response.writeHead(404).end(body));
    assert.match((await finding(edgeChecks(tunnel)[0])).text, /ERR_TUNNEL_UNKNOWN/);
  });
});

describe('clocks', () => {
  for (const [aheadMs, result, text] of [
    [20_000, 'ok', /agree/],
    [-31_000, 'warning', /31 seconds ahead of/],
    [91_000, 'failure', /91 seconds behind/],
  ] as const)
    it(`that are ${aheadMs} ms apart are ${result}`, () => {
      const found = compare(aheadMs, 'linux');
      assert.equal(found.result, result);
      assert.match(found.text, text);
      assert.equal(found.fix, result === 'ok' ? undefined : 'sudo timedatectl set-ntp true');
    });
});

describe('the check of the provider', () => {
  for (const [what, status, headers, result] of [
    ['a redirect', 302, { location: 'https://accounts.google.com/o/oauth2/v2/auth?x' }, 'ok'],
    ['a page to choose', 200, {}, 'ok'],
    ['a provider that is away', 503, { 'postern-error': 'ERR_PROVIDER_UNAVAILABLE' }, 'failure'],
    ['too many', 429, { 'postern-error': 'ERR_RATE_LIMITED' }, 'warning'],
  ] as const)
    it(`takes ${what} for ${result}`, async (t) => {
      const edge = await edgeLike(t, (_request, response) => response.writeHead(status, headers).end());
      assert.equal((await finding(providerCheck(edge))).result, result);
    });
});
