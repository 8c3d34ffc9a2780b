/** HAR files that a person opens in the inspector's page: of any maker, and of one who means harm. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { matchesFilter, parseFilter } from '../../../../../src/agent/inspector/filter.js';
import { importHar, MAX_ENTRIES, type Recording } from '../../../../../src/agent/inspector/web/har/import.js';
import { wordsOf } from '../../../../../src/agent/inspector/web/har/search.js';

const entry = {
  startedDateTime: '2026-11-29T10:00:00.000Z',
  time: 60,
  request: {
    method: 'POST',
    url: 'https://app.example/orders?x=1#part',
    headers: [{ name: 'Content-Type', value: 'application/json' }],
    postData: { mimeType: 'application/json', text: '{"é":1}' },
    bodySize: 8,
  },
  response: {
    status: 201,
    headers: [{ name: 'A', value: '1' }],
    content: { size: 3, mimeType: 'Image/PNG; x=y', text: 'AAEC', encoding: 'base64' },
  },
  timings: { blocked: 1, dns: -1, connect: -1, send: 2, wait: 50, receive: 7 },
  comment: 'a note',
  _person: 'ana@acme.com',
  _rule: '@acme.com',
};

describe('a HAR file', () => {
  test('is searched for words in its headers, bodies and messages', () => {
    const text = { ...entry, response: { ...entry.response, content: { text: 'Größe XL', mimeType: 'text/plain' } } };
    const [one] = opened({ log: { entries: [text] } }).exchanges;
    assert.ok(one !== undefined);
    const passes = (words: string) => {
      const parsed = parseFilter(words);
      return 'filter' in parsed && matchesFilter(parsed.filter, one.detail, wordsOf(one));
    };
    assert.deepEqual(['größe', 'content-type', '"é\\":1"', 'orders', 'none'].map(passes), [
      true,
      true,
      true,
      true,
      false,
    ]);
  });

  test('is shown like what is live', () => {
    const [one] = opened({ log: { entries: [entry] } }).exchanges;
    const { method, path, status, type, person, rule, note, timing, tunnel, requestBytes, responseBytes } =
      one?.detail ?? {};
    assert.deepEqual(
      { method, path, status, type, person, rule, note, tunnel, requestBytes, responseBytes },
      {
        method: 'POST',
        path: '/orders?x=1',
        status: 201,
        type: 'image/png',
        person: 'ana@acme.com',
        rule: '@acme.com',
        note: 'a note',
        tunnel: 'app.example',
        requestBytes: 8,
        responseBytes: 3,
      },
    );
    assert.deepEqual(timing, { edgeMs: 1, linkMs: 2, firstByteMs: 50, bodyMs: 7, totalMs: 60 });
    assert.equal(new TextDecoder().decode(one?.requestBody), '{"é":1}');
    assert.deepEqual([...(one?.responseBody ?? [])], [0, 1, 2]);
  });

  test('has WebSocket messages as Chrome writes them', () => {
    const messages = [
      { type: 'send', time: 1_700_000_000.5, opcode: 1, data: 'hello' },
      { type: 'receive', time: 1_700_000_001, opcode: 2, data: 'AAE=' },
      { type: 'receive', opcode: 'x', data: 5 },
    ];
    const [one] = opened({ log: { entries: [{ ...entry, _webSocketMessages: messages }] } }).exchanges;
    assert.equal(one?.detail.kind, 'websocket');
    assert.deepEqual(
      one?.messages.map(({ n, at, from, kind, bytes }) => [n, at, from, kind, bytes]),
      [
        [1, 1_700_000_000_500, 'visitor', 'text', 5],
        [2, 1_700_000_001_000, 'target', 'binary', 2],
        [3, 0, 'target', 'text', 0],
      ],
    );
  });

  test('without a response is one that failed', () => {
    const [one] = opened({
      log: { entries: [{ ...entry, response: { status: 0, _error: 'Nothing listens.' } }] },
    }).exchanges;
    assert.deepEqual(
      [one?.detail.state, one?.detail.response, one?.detail.failure],
      ['failed', null, 'Nothing listens.'],
    );
  });

  test('may begin with a byte order mark', () => {
    assert.equal(opened({ log: { entries: [entry] } }, '\uFEFF').exchanges.length, 1);
  });

  for (const [name, text] of [
    ['no JSON', '<html>'],
    ['a list', '[]'],
    ['null', 'null'],
    ['no log', '{"log": 5}'],
    ['entries that are none', '{"log": {"entries": {"length": 5}}}'],
    ['a deep nest', '['.repeat(100_000)],
  ] as const)
    test(`that is ${name} is refused in a sentence`, () =>
      assert.match((importHar('x.har', text) as { problem: string }).problem, /^x\.har is .*\.$/));

  test('is bounded in its entries', () => {
    const { exchanges, leftOut } = opened({
      log: { entries: [5, null, ...Array(MAX_ENTRIES).fill({ request: { url: '/a' } })] },
    });
    assert.deepEqual([exchanges.length, leftOut], [MAX_ENTRIES - 2, 4]);
  });

  test('may say that a body is larger than it is, and no more than that', () => {
    const response = {
      ...entry.response,
      content: { size: 1e15, text: 'x'.repeat(3_000_000), mimeType: 'text/plain' },
    };
    const [one] = opened({ log: { entries: [{ ...entry, response }] } }).exchanges;
    assert.deepEqual([one?.detail.response?.body?.bytes, one?.responseBody.length], [1e15, 1_000_000]);
  });

  test('of whatever shape never fails', () => {
    const odd = fc.oneof(fc.jsonValue(), fc.constantFrom(-1, 1e308, '', 'x'.repeat(100_000), [null], { length: 1e9 }));
    const keys = [
      'request',
      'response',
      'timings',
      '_person',
      '_webSocketMessages',
      'time',
      'startedDateTime',
      'comment',
    ];
    const inner = [
      'url',
      'method',
      'headers',
      'postData',
      'status',
      'content',
      'email',
      'groups',
      'text',
      'encoding',
      'params',
      'mimeType',
      '__proto__',
    ];
    const fields = fc.dictionary(fc.constantFrom(...inner), odd);
    const entries = fc.array(fc.dictionary(fc.constantFrom(...keys), fc.oneof(fields, odd)));
    fc.assert(
      fc.property(entries, (list) => {
        const { exchanges, leftOut } = opened({
          log: { entries: list.map((one) => ({ ...one, request: { url: '/', ...Object(one['request']) } })) },
        });
        assert.equal(exchanges.length + leftOut, list.length);
        for (const { detail } of exchanges)
          assert.ok(Number.isFinite(detail.startedAt) && typeof detail.path === 'string');
      }),
    );
  });
});

function opened(file: unknown, before = ''): Recording {
  const read = importHar('x.har', before + JSON.stringify(file));
  assert.ok('exchanges' in read);
  return read;
}
