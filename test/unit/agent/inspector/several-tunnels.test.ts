import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { describe, test } from 'node:test';
import { addTunnel, inspected } from './inspected.js';

const knock = { id: 'k1', email: 'eve@acme.com', message: '', at: '2026-01-01T00:00:00Z' };

describe('one inspector of several tunnels', () => {
  test('K13 repeats a request through the tunnel that it came through, to that tunnel’s own server only', async (t) => {
    const seen: string[] = [];
    const respond =
      (name: string): RequestListener =>
      (request, response) => {
        seen.push(`${name} ${request.url}`);
        response.end(name);
      };
    const { inspector, visit, call, rows } = await inspected(t, respond('web'));
    const api = await addTunnel(t, inspector, 'api', respond('api'));
    await visit({ path: '/w' });
    await api.visit({ path: '/a' });
    const [second, first] = await rows();
    assert.deepEqual([second?.tunnel, first?.tunnel, second?.seq, first?.seq], ['api', 'web', 2, 1]);
    assert.deepEqual((await rows('tunnel:api')).length, 1);
    for (const [row, edit] of [[second, {}] as const, [first, { path: '/w2' }] as const])
      assert.equal((await call('POST', `/api/exchanges/${row?.id}/replay`, { edit })).status, 200);
    assert.deepEqual((await rows('is:replay')).map(({ tunnel, path }) => `${tunnel} ${path}`).sort(), [
      'api /a',
      'web /w2',
    ]);
    const host = [['host', 'web.tunnel.test']];
    assert.equal((await call('POST', `/api/exchanges/${second?.id}/replay`, { edit: { headers: host } })).status, 400);

    inspector.remove(api.tunnel);
    const gone = await call('POST', `/api/exchanges/${second?.id}/replay`, {});
    assert.deepEqual([gone.status, gone.json.error.code], [409, 'ERR_TUNNEL_GONE']);
    const copied = await call('POST', `/api/exchanges/${second?.id}/text`, { as: 'curl', secrets: false });
    assert.ok(copied.json.text.includes('https://api.tunnel.test/a'), 'its server is not known any more');
    assert.deepEqual(seen.slice(0, 2), ['web /w', 'api /a']);
    assert.deepEqual(seen.slice(2).sort(), ['api /a', 'web /w2']);
  });

  test('K13 sends nothing through a tunnel that has ended while the edge was asked to sign', async (t) => {
    const { inspector, call, rows } = await inspected(t, (_request, response) => response.end());
    let hits = 0;
    const count: RequestListener = (_request, response) => {
      hits += 1;
      response.end();
    };
    const renew = async (assertion: string) => {
      inspector.remove(api.tunnel);
      return `${assertion}-fresh`;
    };
    const api = await addTunnel(t, inspector, 'api', count, { renew });
    await api.visit({ path: '/a', headers: ['x-postern-assertion', 'a.b.c'] });
    const [row] = await rows();
    assert.equal((await call('POST', `/api/exchanges/${row?.id}/replay`, {})).status, 409);
    assert.equal(hits, 1);
  });

  test('K13 sends nothing to another tunnel that has got the name while the edge was asked to sign', async (t) => {
    const { inspector, call, rows } = await inspected(t, (_request, response) => response.end());
    let hits = 0;
    const count: RequestListener = (_request, response) => {
      hits += 1;
      response.end();
    };
    const renew = async (assertion: string) => {
      inspector.remove(api.tunnel);
      await addTunnel(t, inspector, 'api', count);
      return `${assertion}-fresh`;
    };
    const api = await addTunnel(t, inspector, 'api', count, { renew });
    await api.visit({ path: '/a', headers: ['x-postern-assertion', 'a.b.c'] });
    const [row] = await rows();
    const refused = await call('POST', `/api/exchanges/${row?.id}/replay`, {});
    assert.deepEqual([refused.status, refused.json.error?.code], [409, 'ERR_TUNNEL_GONE']);
    assert.deepEqual([hits, (await rows('is:replay')).length], [1, 0]);
  });

  test('K16 keeps within one bound for all of them, the oldest going first', async (t) => {
    const { inspector, visit, rows } = await inspected(t, (_request, response) => response.end('x'.repeat(2_000)), {
      maxBytes: 40_000,
      bodyBytes: 2_000,
    });
    const api = await addTunnel(t, inspector, 'api', (_request, response) => response.end('x'.repeat(2_000)));
    for (let n = 0; n < 20; n++) await (n % 2 === 0 ? visit : api.visit)({ path: `/${n}` });
    assert.ok(inspector.capture.exchanges.bytes <= 40_000);
    const kept = await rows();
    assert.ok(kept.length > 4 && kept.length < 20);
    assert.deepEqual(
      kept.map(({ path }) => path),
      Array.from({ length: kept.length }, (_, at) => `/${19 - at}`),
    );
    assert.deepEqual([...new Set(kept.map(({ tunnel }) => tunnel))].sort(), ['api', 'web']);
  });

  test('lists them in ngrok’s shapes, and their requests by name', async (t) => {
    const { inspector, visit, bare, call } = await inspected(t, (_request, response) => response.end());
    const api = await addTunnel(t, inspector, 'api', (_request, response) => response.end());
    const names = async () =>
      (JSON.parse((await bare('GET', '/api/tunnels')).body).tunnels as { name: string; public_url: string }[]).map(
        ({ name, public_url: url }) => `${name} ${url}`,
      );
    assert.deepEqual(await names(), ['web https://web.tunnel.test', 'api https://api.tunnel.test']);
    await visit({ path: '/w' });
    await api.visit({ path: '/a' });
    const listed = async (query: string) => {
      const { json } = await call('GET', `/api/requests/http${query}`);
      return json.requests.map((one: { tunnel_name: string; request: { uri: string } }) => [
        one.tunnel_name,
        one.request.uri,
      ]);
    };
    assert.deepEqual(await listed(''), [
      ['api', '/a'],
      ['web', '/w'],
    ]);
    assert.deepEqual(await listed('?tunnel_name=web'), [['web', '/w']]);
    inspector.remove(api.tunnel);
    assert.deepEqual(await names(), ['web https://web.tunnel.test']);
    assert.equal((await bare('GET', '/api/tunnels/api')).status, 404);
    assert.deepEqual(await listed('?tunnel_name=api'), [['api', '/a']], 'what it has captured stays');
  });

  test('counts what each person asks of each, and answers who asks at the tunnel where they ask', async (t) => {
    const answers: string[] = [];
    const person = { email: 'ana@acme.com', since: '2026-01-01T00:00:00Z' };
    const at = (name: string) => ({
      people: () => [person],
      knocks: () => [knock],
      answer: async (id: string, { answer }: { answer: string }) => void answers.push(`${name} ${id} ${answer}`),
    });
    const { inspector, visit, call } = await inspected(t, (_request, response) => response.end(), at('web'));
    const api = await addTunnel(t, inspector, 'api', (_request, response) => response.end(), at('api'));
    const headers = ['x-forwarded-email', person.email];
    for (const go of [visit, visit, api.visit]) await go({ headers });
    assert.deepEqual((await call('GET', '/api/people')).json.people, [
      { ...person, tunnel: 'web', requests: 2 },
      { ...person, tunnel: 'api', requests: 1 },
    ]);
    assert.deepEqual((await call('GET', '/api/knocks')).json.knocks, [
      { ...knock, tunnel: 'web' },
      { ...knock, tunnel: 'api' },
    ]);
    assert.equal((await call('POST', '/api/knocks/k1', { answer: 'allow' })).status, 400, 'at which one?');
    assert.equal((await call('POST', '/api/knocks/k1', { answer: 'allow', tunnel: 'other' })).status, 404);
    assert.equal((await call('POST', '/api/knocks/k1', { answer: 'allow', tunnel: 'api' })).status, 204);
    assert.deepEqual(answers, ['api k1 allow']);
  });
});
