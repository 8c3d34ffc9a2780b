import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import harSdk from '@har-sdk/validator';
import { ByteRing } from '../../../../src/agent/inspector/byte-ring.js';
import { Capture } from '../../../../src/agent/inspector/capture.js';
import type { Captured } from '../../../../src/agent/inspector/captured.js';
import { search } from '../../../../src/agent/inspector/content-search.js';
import { Exchanges, type ExchangesLimits } from '../../../../src/agent/inspector/exchanges.js';
import { parseFilter } from '../../../../src/agent/inspector/filter.js';
import { type InspectedTunnel, InspectedTunnels } from '../../../../src/agent/inspector/inspected-tunnels.js';
import { peopleAt } from '../../../../src/agent/inspector/live.js';
import type { RequestHead } from '../../../../src/http/exchange.js';
import { inspected } from './inspected.js';

const respond: Parameters<typeof inspected>[1] = (request, response) => {
  const size = Number(new URL(request.url ?? '/', 'http://x').searchParams.get('size') ?? 2);
  request.resume().on('end', () => response.end(Buffer.alloc(size, 'x')));
};

/** A capture without a server: what `request` returns is told what passes. */
function capturing(limits: ExchangesLimits) {
  const capture = new Capture(new Exchanges(limits));
  const info = () => ({ name: 'web', url: 'https://web.test', target: '', online: true });
  const tap = capture.tapOf({ info } as InspectedTunnel);
  const head: RequestHead = { method: 'GET', scheme: 'https', authority: 'web.test', path: '/', headers: [] };
  const request = (changes: Partial<RequestHead>) => tap.request({ ...head, ...changes }) as Captured;
  return { exchanges: capture.exchanges, request };
}

describe('what is captured', () => {
  test('K16 stays within its bounds: of a body the first part, of all the newest, and pins', async (t) => {
    const { visit, call, rows, capture } = await inspected(t, respond, { maxBytes: 100_000, bodyBytes: 10_000 });
    await visit({ path: '/pinned' });
    const pinned = (await rows())[0]?.id;
    await call('POST', `/api/exchanges/${pinned}/pin`, { pinned: true });
    await visit({ path: '/long?size=50000' });
    const { json } = await call('GET', `/api/exchanges/${(await rows('path:/long'))[0]?.id}`);
    assert.deepEqual([json.response.body.bytes, json.response.body.kept], [50_000, 10_000]);
    for (let n = 0; n < 60; n++) await visit({ path: `/${n}?size=3000` });
    const kept = await rows();
    assert.ok(capture.exchanges.bytes <= 100_000 && kept.length < 40 && kept.length > 10);
    assert.equal(kept[0]?.path, '/59?size=3000');
    assert.equal(kept.at(-1)?.id, pinned);
    assert.equal(capture.exchanges.dropped, 62 - kept.length);
    for (const { id } of kept.slice(0, 20)) await call('POST', `/api/exchanges/${id}/pin`, { pinned: true });
    assert.ok((await rows('is:pinned')).length < 20, 'half of the room is for what is new');
    await call('DELETE', '/api/exchanges');
    assert.deepEqual(await rows('-is:pinned'), []);
  });

  test('K16 what went for lack of room is let go of, though it still runs', () => {
    const { exchanges, request } = capturing({ maxBytes: 100_000, bodyBytes: 50_000 });
    const idle = request({ protocol: 'websocket' });
    idle.responded({ status: 101, headers: [] });
    idle.responseBytes(Buffer.concat([Buffer.from([0x82, 126, 0x9c, 0x40]), Buffer.alloc(40_000)]));
    const slow = request({});
    slow.requestBytes(Buffer.alloc(40_000));
    assert.deepEqual([idle.messages?.read(0, 1).length, slow.requestBody.kept], [1, 40_000]);
    for (let n = 0; n < 100; n++) request({});
    assert.equal(exchanges.find(idle.id) ?? exchanges.find(slow.id), undefined);
    assert.deepEqual([idle.messages?.read(0, 1).length, slow.requestBody.kept], [0, 0]);
    idle.responseBytes(Buffer.from([0x81, 1, 0x61]));
    slow.requestBytes(Buffer.alloc(10));
    assert.deepEqual([idle.messages?.read(0, 1).length, slow.requestBody.kept], [0, 0]);
  });

  test('costs little to count and to look for: headers are not read for it, and others have their turns', async (t) => {
    const { exchanges, request } = capturing({ maxBytes: 50_000_000, bodyBytes: 1_000 });
    const headers = ['x-forwarded-email', 'ana%2Bx@acme.com', 'x-long', 'x'.repeat(3_000)];
    for (let n = 0; n < 2_000; n++) request({ headers }).ended({ aborted: false, failure: undefined });
    const reads = t.mock.method(ByteRing.prototype, 'read');
    const readBytes = () => reads.mock.calls.reduce((sum, call) => sum + (call.arguments[1] as Uint8Array).length, 0);
    const tunnels = new InspectedTunnels();
    const people = () => [{ email: 'ana+x@acme.com', since: '' }];
    tunnels.add({ info: () => ({ name: 'web' }), people } as unknown as InspectedTunnel);
    assert.equal(peopleAt(tunnels, exchanges)[0]?.requests, 2_000);
    assert.ok(readBytes() < 2_000 * 500, `${readBytes()}`);

    reads.mock.resetCalls();
    let readAtOnce = 0;
    let before = 0;
    let isSearching = true;
    const turn = () => {
      readAtOnce = Math.max(readAtOnce, reads.mock.callCount() - before);
      before = reads.mock.callCount();
      if (isSearching) setImmediate(turn);
    };
    turn();
    const none = parseFilter('method:POST');
    await search(exchanges.newestFirst(), 'filter' in none ? none.filter : assert.fail(), 10);
    isSearching = false;
    turn();
    assert.ok(readBytes() > 2_000 * 3_000);
    assert.ok(readAtOnce < reads.mock.callCount() / 5, `${readAtOnce} of ${reads.mock.callCount()}`);
  });

  test('K16 costs nothing while it is paused, and comes in pages', async (t) => {
    const { visit, call, rows } = await inspected(t, respond);
    await call('POST', '/api/pause', { paused: true });
    await visit();
    assert.deepEqual(await rows(), []);
    await call('POST', '/api/pause', { paused: false });
    for (let n = 0; n < 5; n++) await visit({ path: `/${n}` });
    const first = (await call('GET', '/api/exchanges?limit=2')).json;
    const second = (await call('GET', `/api/exchanges?limit=3&before=${first.next}`)).json;
    assert.deepEqual(
      [...first.exchanges, ...second.exchanges].map(({ path }) => path),
      ['/4', '/3', '/2', '/1', '/0'],
    );
    assert.deepEqual([first.next !== null, second.next], [true, null]);
  });

  test('is a valid HAR file, with its secrets only when they are asked for by POST', async (t) => {
    const { visit, call } = await inspected(t, (request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'application/json', 'set-cookie': 'sid=s3cret' });
      response.end('{"token":"s3cret"}');
    });
    const headers = [
      'content-type',
      'application/x-www-form-urlencoded',
      'content-length',
      '17',
      'authorization',
      'Bearer s3cret',
    ];
    await visit({ method: 'POST', path: '/a?code=s3cret&b=1', headers, body: 'x=1&secret=s3cret'.slice(0, 17) });
    await visit({ path: '/plain' });
    const masked = await call('GET', '/api/har');
    assert.deepEqual(await new harSdk.HarValidator().verify(JSON.parse(masked.text)), []);
    assert.ok(!masked.text.includes('s3cret'));
    assert.equal(JSON.parse(masked.text).log.entries.length, 2);
    assert.notEqual((await call('GET', '/api/har?secrets=1')).status, 200);
    const whole = await call('POST', '/api/har', { secrets: true, filter: 'method:POST' });
    assert.deepEqual(await new harSdk.HarValidator().verify(JSON.parse(whole.text)), []);
    assert.ok(whole.text.includes('Bearer s3cret'));
    assert.equal(JSON.parse(whole.text).log.entries.length, 1);
  });

  test('has no secrets in a HAR file or a copy where its bodies are no text either', async (t) => {
    const { visit, call, rows } = await inspected(
      t,
      (request, response) => {
        request.resume();
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end('{"token":"s3cret","name":"ü"}'); // cut within the letter
      },
      { bodyBytes: 27 },
    );
    const body = Buffer.from('{"token":"s3cret","a":"\xff"}', 'latin1');
    const headers = ['content-type', 'application/json', 'content-length', String(body.length)];
    await visit({ method: 'POST', path: '/', headers, body: body as unknown as string });
    const { entries } = JSON.parse((await call('GET', '/api/har')).text).log;
    const [{ request, response }] = entries;
    const hidden = (text: string) => Buffer.from(text, 'base64').includes('s3cret') || text.includes('s3cret');
    assert.deepEqual([hidden(request.postData.text), hidden(response.content.text)], [false, false]);
    const [row] = await rows();
    for (const as of ['curl', 'powershell', 'fetch', 'raw']) {
      const { json } = await call('POST', `/api/exchanges/${row?.id}/text`, { as, secrets: false });
      const encoded = /[A-Za-z0-9+/]{24,}=*/.exec(json.text)?.[0] ?? '';
      assert.equal(hidden(encoded) || hidden(json.text), false, `${as}: ${json.text}`);
    }
  });

  test('is repeated with what was edited, and not where that is impossible', async (t) => {
    const seen: string[] = [];
    const { visit, call, rows } = await inspected(
      t,
      (request, response) => {
        let body = '';
        request.on('data', (piece) => {
          body += piece;
        });
        request.on('end', () => {
          const { method, url, headers } = request;
          seen.push(
            [
              method,
              url,
              headers['x-a'] ?? '-',
              headers['cookie'] ?? '-',
              headers['x-postern-assertion'] ?? '-',
              headers['transfer-encoding'] ?? '-',
              body,
            ].join(' '),
          );
          response.end('done');
        });
      },
      { bodyBytes: 100, renew: async (assertion) => `${assertion}-fresh` },
    );
    const own = ['cookie', 'sid=abc', 'x-postern-assertion', 'a.b.c', 'x-forwarded-email', 'ana@acme.com'];
    await visit({ method: 'POST', path: '/x', headers: [...own, 'content-length', '2'], body: 'hi' });
    const id = (await rows())[0]?.id;
    const { json: detail } = await call('GET', `/api/exchanges/${id}`);
    const replay = (body: object) => call('POST', `/api/exchanges/${id}/replay`, body);
    const ended = async (count: number) => {
      while ((await rows('is:replay -is:open')).length < count) await new Promise((resolve) => setImmediate(resolve));
    };
    assert.equal((await replay({})).json.ids.length, 1);
    await ended(1);
    const edit = { method: 'PUT', path: '/y?z=1', bodyBase64: Buffer.from('other').toString('base64') };
    const headers = [...detail.request.headers.filter(([name]: [string]) => name !== 'content-length'), ['X-A', '1']];
    assert.equal(
      (await replay({ edit: { ...edit, headers }, count: 2 })).json.ids.length,
      2,
      'masked values are those of the original',
    );
    await ended(3);
    assert.deepEqual(seen, [
      'POST /x - sid=abc a.b.c - hi',
      'POST /x - sid=abc a.b.c-fresh - hi',
      ...Array.from({ length: 2 }, () => 'PUT /y?z=1 1 sid=abc a.b.c-fresh - other'),
    ]);
    for (const wrong of [
      ...[
        { method: 'CONNECT' },
        { method: 'A B' },
        { path: 'x' },
        { path: '/\r\nHost: evil' },
        { bodyBase64: '*' },
        { host: 'evil' },
      ],
      ...[
        [['x-a', 'a\nb']],
        [['x a', '1']],
        [['x-postern-assertion', 'forged']],
        [['cookie', 'sid=••••••; more=1']],
      ].map((rows_) => ({ headers: rows_ })),
    ])
      assert.equal((await replay({ edit: wrong })).status, 400, JSON.stringify(wrong));
    for (const count of [0, 51, 1.5, '1']) assert.equal((await replay({ count })).status, 400, String(count));
    await visit({ method: 'POST', path: '/long', headers: ['content-length', '200'], body: 'x'.repeat(200) });
    const long = (await rows('path:/long'))[0]?.id;
    assert.equal(
      (await call('POST', `/api/exchanges/${long}/replay`, {})).status,
      400,
      'only a part of its body is kept',
    );
  });

  test('is told to open pages as it happens, and a page that came back reads the list again', async (t) => {
    const { visit, inspector, call } = await inspected(t, respond);
    const open = async (headers: Record<string, string> = {}) => {
      const response = await fetch(`${inspector.origin}/api/events`, {
        headers: { authorization: `Bearer ${inspector.key}`, ...headers },
      });
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      return async (pattern: RegExp) => {
        while (!pattern.test(text)) text += (await reader?.read())?.value ?? assert.fail('it has ended');
      };
    };
    const until = await open();
    await visit({ path: '/live' });
    await until(/event: exchange\ndata: \{[^\n]*"state":"done"[^\n]*\/live/);
    await call('DELETE', '/api/exchanges');
    await until(/event: cleared/);
    const again = await open({ 'last-event-id': '999' });
    await again(/event: resync/);
  });
});
