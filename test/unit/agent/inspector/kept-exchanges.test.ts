import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ByteRing } from '../../../../src/agent/inspector/byte-ring.js';
import { Capture } from '../../../../src/agent/inspector/capture.js';
import type { Captured } from '../../../../src/agent/inspector/captured.js';
import { describeDetail } from '../../../../src/agent/inspector/describe.js';
import { Exchanges, type ExchangesLimits } from '../../../../src/agent/inspector/exchanges.js';
import type { InspectedTunnel } from '../../../../src/agent/inspector/inspected-tunnels.js';
import { Masks } from '../../../../src/agent/inspector/masks.js';
import { replayedRequest } from '../../../../src/agent/inspector/replay-request.js';
import { BadCall } from '../../../../src/agent/inspector/reply.js';
import type { RequestHead } from '../../../../src/http/exchange.js';

const HEAD: RequestHead = { method: 'GET', scheme: 'https', authority: 'web.test', path: '/', headers: [] };
const DONE = { aborted: false, failure: undefined };
const LIMITS: ExchangesLimits = { maxBytes: 100_000, bodyBytes: 50_000 };

function capturing(limits = LIMITS) {
  const capture = new Capture(new Exchanges(limits));
  const info = () => ({ name: 'web', url: 'https://web.test', target: '', online: true });
  const tap = capture.tapOf({ info, roundTripMs: 3 } as InspectedTunnel);
  const begin = (head: Partial<RequestHead> = {}) => tap.request({ ...HEAD, ...head }) as Captured;

  /** A whole exchange with this body in its response. Returns its id. */
  function exchange(body: Buffer, head: Partial<RequestHead> = {}): string {
    const captured = begin(head);
    captured.responded({ status: 200, headers: [] });
    captured.responseBytes(body);
    captured.ended(DONE);
    return captured.id;
  }
  const { exchanges } = capture;
  const bodyOf = (id: string) => exchanges.find(id)?.responseBody.read().toString();
  return { exchanges, capture, begin, exchange, bodyOf };
}

/** A text of this length that no other text has within it. */
function textOf(n: number, length: number): Buffer {
  return Buffer.from(`<${n}>`.padEnd(length, String(n)));
}

describe('the ring of bytes', () => {
  test('K16 gives back what was written and is not freed, over the ends of its slabs, and is no larger than it should be', () => {
    const ring = new ByteRing(40_000);
    const kept: { readonly position: number; readonly text: string }[] = [];
    for (let n = 0; n < 3_000; n++) {
      const text = textOf(n, 3 + ((n * 7_919) % 6_000)).toString();
      while (ring.length + text.length > 40_000) {
        const { position } = kept.shift() ?? assert.fail('nothing is left to free');
        ring.free(kept[0]?.position ?? ring.head);
        assert.equal(ring.read(position, Buffer.alloc(3)), false, 'it was freed');
      }
      kept.push({ position: ring.head, text });
      if (n % 2 === 0) ring.append(Buffer.from(text));
      else ring.appendLatin1(text);
      for (const { position, text: expected } of kept) {
        const bytes = Buffer.alloc(expected.length);
        assert.ok(ring.read(position, bytes) && bytes.equals(Buffer.from(expected)));
      }
    }
    assert.equal(ring.read(ring.head - 1, Buffer.alloc(2)), false, 'it is not written yet');
    assert.deepEqual(
      ring.length,
      kept.reduce((sum, { text }) => sum + text.length, 0),
    );
  });
});

describe('an exchange that has ended', () => {
  test('is shown as while it ran', () => {
    const { exchanges, capture, begin } = capturing();
    const rows = ['x-forwarded-email', 'ana%2Bx@acme.com', 'content-type', 'text/plain', 'x-a', '', 'x-b', '\xe4\x80'];
    const heads: Partial<RequestHead>[] = [
      {},
      { method: 'POST', path: '/ä?a=\n', headers: rows, scheme: 'http' },
      { headers: ['x-forwarded-email', ''] },
    ];
    for (const head of heads) {
      for (const end of [DONE, { aborted: true, failure: 'the target “x” broke off\n…' }]) {
        const captured = capture.replaying('some-id', () => begin(head)) as Captured;
        captured.requestBytes(Buffer.from('a=1'));
        begin({ path: '/between' }).requestBytes(Buffer.from('other'));
        captured.requestBytes(Buffer.from('&b=2'));
        captured.responded({ status: 404, headers: ['content-type', 'text/html', 'x-c', '\xff'] });
        captured.responseBytes(Buffer.from('<p>'));
        captured.trailers(['x-checksum', '1']);
        captured.ended(end);
        const found = exchanges.find(captured.id) ?? assert.fail('it is kept');
        assert.notEqual(found, captured);
        assert.deepEqual(describeDetail(found, undefined), describeDetail(captured, undefined));
        assert.deepEqual([found.head, found.response], [captured.head, captured.response]);
        assert.equal(found.requestBody.read().toString(), 'a=1&b=2');
        assert.equal(found.responseBody.read().toString(), '<p>');
      }
    }
  });

  test('has its whole body, of however many pieces, among those of others', () => {
    const { begin, bodyOf } = capturing();
    const [one, other] = [begin(), begin()];
    for (let n = 0; n < 500; n++) {
      one.responseBytes(Buffer.from(`${n},`));
      other.responseBytes(Buffer.from(`${-n},`));
    }
    one.ended(DONE);
    other.ended(DONE);
    assert.equal(bodyOf(one.id), Array.from({ length: 500 }, (_, n) => `${n},`).join(''));
    assert.equal(bodyOf(other.id), Array.from({ length: 500 }, (_, n) => `${-n},`).join(''));
  });

  test('goes on where its visitor sends on', () => {
    const { exchanges, begin, exchange } = capturing();
    const captured = begin({ method: 'POST' });
    captured.requestBytes(Buffer.from('early '));
    captured.responded({ status: 413, headers: [] });
    captured.ended(DONE);
    exchange(Buffer.from('other'));
    captured.requestBytes(Buffer.from('late'));
    assert.equal(exchanges.find(captured.id)?.requestBody.read().toString(), 'early late');
    for (let n = 0; n < 50; n++) exchange(textOf(n, 5_000));
    assert.equal(exchanges.find(captured.id), undefined);
    captured.requestBytes(Buffer.from('much later'));
    assert.ok(exchanges.bytes <= LIMITS.maxBytes);
  });

  test('K16 keeps what it had when it was found, and is found no more when it has gone', () => {
    const { exchanges, exchange, bodyOf } = capturing();
    const id = exchange(textOf(1, 3_000), { path: '/first', headers: ['x-a', 'b'] });
    const found = exchanges.find(id) ?? assert.fail('it is kept');
    const [lazy] = exchanges.newestFirst();
    let last = '';
    for (let n = 0; n < 100; n++) {
      last = exchange(textOf(n, 3_000));
      assert.ok(exchanges.bytes <= LIMITS.maxBytes);
    }
    assert.equal(exchanges.find(id), undefined);
    assert.deepEqual([found.head.path, found.head.headers], ['/first', ['x-a', 'b']]);
    assert.equal(found.responseBody.read().toString(), textOf(1, 3_000).toString());
    assert.deepEqual([lazy?.head.path, lazy?.responseBody.read().length], ['', 0], 'nothing of others is shown for it');
    assert.equal(bodyOf(last), textOf(99, 3_000).toString());
    for (const wrong of ['', 'x', `${last}0`, last.toUpperCase(), `${last.slice(0, 8)}zz`])
      assert.equal(wrong === last ? undefined : exchanges.find(wrong), undefined, wrong);
  });
});

describe('an exchange that is pinned', () => {
  test('K16 stays whatever comes, goes as the newest when it is not any more, and is accounted for', () => {
    const { exchanges, begin, exchange, bodyOf } = capturing();
    const running = begin({ path: '/running' });
    running.responseBytes(textOf(1, 1_000));
    const id = exchange(textOf(2, 3_000));
    for (const one of [running.id, id]) assert.ok(exchanges.pin(exchanges.find(one) ?? assert.fail(), true));
    for (let n = 0; n < 100; n++) exchange(textOf(n, 3_000));
    running.responseBytes(textOf(3, 1_000));
    running.ended(DONE);
    for (let n = 0; n < 100; n++) exchange(textOf(n, 3_000));
    assert.equal(bodyOf(running.id), `${textOf(1, 1_000)}${textOf(3, 1_000)}`);
    assert.equal(bodyOf(id), textOf(2, 3_000).toString());
    const listed = () => Array.from(exchanges.newestFirst(), (one) => one.id);
    assert.deepEqual(listed().slice(-2), [id, running.id]);
    assert.deepEqual(listed(), [...new Set(listed())]);

    exchanges.annotate(exchanges.find(id) ?? assert.fail(), 'a note');
    assert.ok(exchanges.pin(exchanges.find(id) ?? assert.fail(), false));
    exchange(textOf(4, 3_000));
    assert.deepEqual([exchanges.find(id)?.isPinned, exchanges.find(id)?.note], [false, 'a note']);
    for (let n = 0; n < 100; n++) exchange(textOf(n, 3_000));
    assert.equal(exchanges.find(id), undefined);
    assert.ok(exchanges.bytes <= LIMITS.maxBytes && exchanges.find(running.id)?.isPinned);

    exchanges.clear();
    assert.deepEqual([listed(), exchanges.dropped], [[running.id], 0]);
    assert.ok(exchanges.pin(running, false));
    exchanges.clear();
    assert.deepEqual([listed(), exchanges.bytes], [[], 0]);
  });

  for (const type of ['text/plain', 'text/event-stream']) {
    test(`K16 takes up no more than it may while it runs on: ${type}`, () => {
      const { exchanges, begin, exchange } = capturing();
      const running = Array.from({ length: 10 }, () => begin());
      for (const one of running) {
        one.responded({ status: 200, headers: ['content-type', type] });
        assert.ok(exchanges.pin(one, true));
      }
      for (let n = 0; n < 50; n++)
        for (const one of running) one.responseBytes(Buffer.from(`data: ${textOf(n, 900)}\n\n`));
      assert.ok(exchanges.bytes <= LIMITS.maxBytes, `${exchanges.bytes} bytes are kept`);
      const last = exchange(textOf(1, 3_000));
      assert.equal(exchanges.find(last)?.id, last, 'there is room for what is new');
      for (const one of running) {
        one.ended(DONE);
        assert.ok(exchanges.find(one.id)?.isPinned && exchanges.pin(one, false));
      }
      exchanges.clear();
      assert.equal(exchanges.bytes, 0);
    });
  }

  test('is listed once, whatever goes while the list is read', () => {
    const { exchanges, exchange } = capturing();
    const ids = Array.from({ length: 12 }, (_, n) => exchange(textOf(n, 3_000)));
    for (const at of [2, 10]) assert.ok(exchanges.pin(exchanges.find(ids[at] as string) ?? assert.fail(), true));
    const listed: string[] = [];
    for (const { id } of exchanges.newestFirst()) {
      listed.push(id);
      if (listed.length === 4) for (let n = 0; n < 100; n++) exchange(textOf(n, 3_000));
    }
    assert.deepEqual(
      listed,
      [11, 10, 9, 8, 2].map((at) => ids[at]),
    );
  });
});

test('K16 a request whose body went after it was found is not repeated without one', () => {
  const { exchanges, begin, exchange } = capturing();
  const captured = begin({ method: 'POST' });
  captured.requestBytes(Buffer.from('a=1'));
  const found = exchanges.find(captured.id) ?? assert.fail('it is kept');
  const replayed = () => replayedRequest(found, {}, { assertion: undefined, masks: new Masks() }).body.toString();
  captured.ended(DONE);
  assert.equal(replayed(), 'a=1');
  for (let n = 0; n < 100; n++) exchange(textOf(n, 3_000));
  assert.throws(replayed, BadCall);
});
