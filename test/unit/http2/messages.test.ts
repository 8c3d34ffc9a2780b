/** Messages over a connection: their order, their length, what is malformed (RFC 9113 section 8, RFC 8441). */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, test } from 'node:test';
import { Http2ErrorCode, Http2StreamError } from '../../../src/http2/errors.js';
import { FrameFlag, FrameType } from '../../../src/http2/frame/types.js';
import { MalformedFields } from '../../../src/http2/message/field-classifier.js';
import { type Asked, ask, Bare, engines, frame, Record, requestFields } from './peers.js';

const { DATA, RST_STREAM } = FrameType;
const { PROTOCOL_ERROR, ENHANCE_YOUR_CALM, NO_ERROR, CANCEL } = Http2ErrorCode;
const END = FrameFlag.END_STREAM;

const data = (id: number, text: string, flags = 0) => frame(DATA, flags, id, Buffer.from(text));

/** A request without a response yet. */
function waiting(method = 'GET', more: readonly string[] = []): { bare: Bare } & Asked {
  const bare = Bare.greeted('client');
  bare.give(frame(FrameType.SETTINGS, 0, 0, '000800000001'));
  const head = [':method', method, ...requestFields(method, '/').slice(2), ...more];
  const asked = ask(bare.engine, head);
  bare.take();
  return { bare, ...asked };
}

describe('a received request', () => {
  const malformed: readonly (readonly [what: string, given: (bare: Bare) => Buffer[]])[] = [
    ['a forbidden field', (b) => [b.headers(1, requestFields('GET', '/', ['connection', 'close']))]],
    ['a name in upper case', (b) => [b.headers(1, requestFields('GET', '/', ['x-ok', '1']), 0)].concat(upperCase())],
    ['content-length without content', (b) => [b.headers(1, requestFields('POST', '/', ['content-length', '1']))]],
    [
      'less content than content-length',
      (b) => [b.headers(1, requestFields('POST', '/', ['content-length', '3']), 0), data(1, 'ab', END)],
    ],
    [
      'more content than content-length',
      (b) => [b.headers(1, requestFields('POST', '/', ['content-length', '3']), 0), data(1, 'ab'), data(1, 'cd')],
    ],
    [
      'less content than content-length before its trailers',
      (b) => [
        b.headers(1, requestFields('POST', '/', ['content-length', '3']), 0),
        data(1, 'ab'),
        b.headers(1, ['x-checksum', '1']),
      ],
    ],
    [
      'trailers that do not end it',
      (b) => [b.headers(1, requestFields('POST', '/'), 0), b.headers(1, ['x-checksum', '1'], 0)],
    ],
    [
      'pseudo-fields in trailers',
      (b) => [b.headers(1, requestFields('POST', '/'), 0), b.headers(1, [':method', 'GET'])],
    ],
    [':protocol, which was not announced', (b) => [b.headers(1, extended(), 0)]],
  ];
  for (const [what, given] of malformed) {
    test(`with ${what} is reset`, () => {
      const bare = Bare.greeted('server');
      bare.give(...given(bare));
      assert.deepEqual(resets(bare), [[1, PROTOCOL_ERROR]]);
      assert.equal(bare.closed, undefined);
      for (const { record } of bare.streams) {
        assert.ok(!record.events.includes('end'));
        assert.equal(record.events.at(-1), `failed ${PROTOCOL_ERROR}`);
      }
    });
  }

  test('is delivered completely: content, trailers, end', () => {
    const bare = Bare.greeted('server');
    bare.give(bare.headers(1, requestFields('POST', '/', ['content-length', '4']), 0), data(1, 'ab'), data(1, 'cd'));
    bare.give(bare.headers(1, ['x-checksum', '1']));
    const [{ record }] = bare.streams as [Asked];
    assert.deepEqual(record.events, ['data', 'trailers', 'end']);
    assert.equal(record.body.toString(), 'abcd');
    assert.deepEqual(record.trailerFields, ['x-checksum', '1']);
  });

  test('may be extended CONNECT if that was announced', () => {
    const bare = Bare.greeted('server', { connectProtocol: true });
    bare.give(bare.headers(1, extended(), 0), data(1, 'hello'));
    assert.deepEqual(resets(bare), []);
    assert.equal(bare.streams[0]?.record.body.toString(), 'hello');
  });
});

describe('a received response', () => {
  const malformed: readonly (readonly [what: string, method: string, given: (bare: Bare) => Buffer[]])[] = [
    ['without :status', 'GET', (b) => [b.headers(1, ['server', 'x'])]],
    ['of 101', 'GET', (b) => [b.headers(1, [':status', '101'], 0)]],
    ['of 099', 'GET', (b) => [b.headers(1, [':status', '099'])]],
    ['with an informational end', 'GET', (b) => [b.headers(1, [':status', '103'])]],
    ['with two final heads', 'GET', (b) => [b.headers(1, [':status', '200'], 0), b.headers(1, [':status', '200'], 0)]],
    [
      'with an informational head after the final one',
      'GET',
      (b) => [b.headers(1, [':status', '200'], 0), b.headers(1, [':status', '103'], 0)],
    ],
    ['with content for HEAD', 'HEAD', (b) => [b.headers(1, [':status', '200'], 0), data(1, 'x', END)]],
    ['with content for 204', 'GET', (b) => [b.headers(1, [':status', '204'], 0), data(1, 'x', END)]],
    ['with content for 304', 'GET', (b) => [b.headers(1, [':status', '304'], 0), data(1, 'x', END)]],
    [
      'shorter than its content-length',
      'GET',
      (b) => [b.headers(1, [':status', '200', 'content-length', '3'], 0), data(1, 'ab', END)],
    ],
    [
      'longer than its content-length',
      'GET',
      (b) => [b.headers(1, [':status', '200', 'content-length', '3'], 0), data(1, 'abcd')],
    ],
    [
      'without the content of its content-length',
      'GET',
      (b) => [b.headers(1, [':status', '200', 'content-length', '3'])],
    ],
  ];
  for (const [what, method, given] of malformed) {
    test(`${what} fails`, () => {
      const { bare, record } = waiting(method);
      bare.give(...given(bare));
      assert.deepEqual(resets(bare), [[1, PROTOCOL_ERROR]]);
      assert.ok(!record.events.includes('end'));
      assert.equal(record.events.at(-1), `failed ${PROTOCOL_ERROR}`);
      assert.equal(bare.closed, undefined);
    });
  }

  test('is delivered completely: informational heads, head, content, trailers, end', () => {
    const { bare, record } = waiting();
    bare.give(bare.headers(1, [':status', '103', 'link', '</a>'], 0), bare.headers(1, [':status', '100'], 0));
    bare.give(bare.headers(1, [':status', '200', 'content-length', '5'], 0), data(1, ''), data(1, 'hello'));
    bare.give(bare.headers(1, ['x-checksum', '1']));
    assert.deepEqual(record.events, [
      'informational 103',
      'informational 100',
      'headers',
      'data',
      'trailers',
      'end',
      'closed',
    ]);
    assert.deepEqual(record.fields, [':status', '200', 'content-length', '5']);
  });

  for (const [method, status] of [
    ['HEAD', '200'],
    ['GET', '304'],
  ] as const) {
    test(`to ${method} with ${status} may announce a length that it does not have`, () => {
      const { bare, record } = waiting(method);
      bare.give(bare.headers(1, [':status', status, 'content-length', '1000']));
      assert.deepEqual(record.events, ['headers, the last', 'end', 'closed']);
    });
  }

  test('with endless informational heads fails', () => {
    const { bare, record } = waiting();
    for (let at = 0; at < 40; at++) bare.give(bare.headers(1, [':status', '103'], 0));
    assert.equal(record.events.at(-1), `failed ${ENHANCE_YOUR_CALM}`);
    assert.deepEqual(resets(bare), [[1, ENHANCE_YOUR_CALM]]);
  });

  test('to CONNECT has no length and no trailers', () => {
    const bare = Bare.greeted('client');
    bare.give(frame(FrameType.SETTINGS, 0, 0, '000800000001'));
    const { record } = ask(bare.engine, extended(), { endStream: false });
    bare.give(bare.headers(1, [':status', '200', 'content-length', '1'], 0), data(1, 'hello'));
    assert.equal(record.body.toString(), 'hello');
    bare.give(bare.headers(1, ['x-late', '1']));
    assert.equal(record.events.at(-1), `failed ${PROTOCOL_ERROR}`);
  });

  test('that is complete stays complete when the peer then wants no more of the request', () => {
    const bare = Bare.greeted('client');
    const { stream, record } = ask(bare.engine, requestFields('POST', '/'), { endStream: false });
    stream.pause();
    bare.give(bare.headers(1, [':status', '413'], 0), data(1, 'too much', END), reset(1, NO_ERROR));
    assert.deepEqual(record.events, ['headers']);
    assert.equal(stream.write(Buffer.from('x')), false);
    stream.resume();
    assert.deepEqual(record.events, ['headers', 'data', 'end', 'closed']);
    assert.deepEqual(resets(bare), []);
  });

  for (const code of [NO_ERROR, CANCEL]) {
    test(`that is incomplete after RST_STREAM with ${code} fails, with its buffered content`, () => {
      const { bare, stream, record } = waiting();
      stream.pause();
      bare.give(bare.headers(1, [':status', '200'], 0), data(1, 'part'), reset(1, code));
      stream.resume();
      assert.deepEqual(record.events, ['headers', `failed ${code}`]);
    });
  }
});

describe('a request', () => {
  test('that is malformed is not sent', () => {
    const bare = Bare.greeted('client');
    for (const value of ['a\r\nb', 'š', ' a']) {
      assert.throws(() => ask(bare.engine, requestFields('GET', '/', ['x-name', value])), MalformedFields);
    }
    assert.deepEqual(bare.take(), []);
    assert.equal(bare.engine.running, 0);
  });

  test('for extended CONNECT waits for the peer to announce it', () => {
    const bare = Bare.greeted('client');
    const connect = () => ask(bare.engine, extended(), { endStream: false });
    assert.equal(bare.engine.canConnect, false);
    assert.throws(
      connect,
      (error) => error instanceof Http2StreamError && error.code === Http2ErrorCode.REFUSED_STREAM,
    );
    bare.give(frame(FrameType.SETTINGS, 0, 0, '000800000001'));
    assert.equal(bare.engine.canConnect, true);
    connect();
  });

  test('above the peer’s limit is refused', () => {
    const bare = Bare.greeted('client');
    bare.give(frame(FrameType.SETTINGS, 0, 0, '000300000001'));
    ask(bare.engine, requestFields('GET', '/'));
    assert.throws(() => ask(bare.engine, requestFields('GET', '/')), Http2StreamError);
    bare.give(bare.headers(1, [':status', '204']));
    ask(bare.engine, requestFields('GET', '/'));
  });

  test('that is reset before it was sent sends nothing', () => {
    const bare = Bare.greeted('client');
    ask(bare.engine, requestFields('GET', '/')).stream.reset();
    assert.deepEqual(bare.take(), []);
    const { record } = ask(bare.engine, requestFields('GET', '/'));
    assert.deepEqual(
      bare.take().map(({ streamId }) => streamId),
      [3],
    );
    bare.give(bare.headers(3, [':status', '200']));
    assert.deepEqual(record.events, ['headers, the last', 'end', 'closed']);
  });
});

describe('a response', () => {
  test('that ends in the same turn is one frame', () => {
    const bare = Bare.greeted('server');
    bare.give(bare.headers(1, requestFields('GET', '/')));
    const [{ stream, record }] = bare.streams as [Asked];
    stream.sendHeaders([':status', '200'], { endStream: false });
    stream.end();
    assert.deepEqual(
      bare.take().map(({ type, flags }) => [type, flags]),
      [[FrameType.HEADERS, FrameFlag.END_HEADERS | FrameFlag.END_STREAM]],
    );
    assert.deepEqual(record.events, ['end', 'closed']);
  });

  test('is sent in order: informational, head, content, trailers', () => {
    const pair = engines((stream) => {
      stream.observe(new Record());
      stream.write(Buffer.from('early '));
      stream.sendInformational([':status', '103', 'link', '</a>']);
      stream.sendHeaders([':status', '200'], { endStream: false });
      stream.sendInformational([':status', '103']); // too late: dropped
      stream.write(Buffer.from('late'));
      stream.end(['x-checksum', '1']);
    });
    const { record } = ask(pair.client, requestFields('GET', '/'));
    pair.settle();
    assert.deepEqual(record.events, ['informational 103', 'headers', 'data', 'trailers', 'end', 'closed']);
    assert.equal(record.body.toString(), 'early late');
  });

  test('to an upload that is no longer read asks the peer to stop', () => {
    const bare = Bare.greeted('server');
    bare.give(bare.headers(1, requestFields('POST', '/'), 0));
    const [{ stream, record }] = bare.streams as [Asked];
    stream.discard();
    stream.sendHeaders([':status', '413'], { endStream: false });
    bare.give(data(1, 'dropped'));
    stream.end();
    const sent = bare.take().filter(({ streamId }) => streamId === 1);
    assert.deepEqual(
      sent.map(({ type }) => type),
      [FrameType.HEADERS, DATA, RST_STREAM],
    );
    assert.equal(sent.at(-1)?.payload.readUInt32BE(), NO_ERROR);
    assert.deepEqual(record.events, ['closed']);
    assert.equal(bare.engine.running, 0);
  });
});

describe('a request that is not read, whose response was sent', () => {
  const answered = () => {
    const bare = Bare.greeted('server');
    bare.give(bare.headers(1, requestFields('POST', '/'), 0));
    const [asked] = bare.streams as [Asked];
    asked.stream.sendHeaders([':status', '200'], { endStream: true });
    return { bare, ...asked };
  };

  test('is stopped once', () => {
    const { bare, stream, record } = answered();
    stream.discard();
    assert.deepEqual(resets(bare), [[1, NO_ERROR]]);
    stream.discard();
    assert.deepEqual(resets(bare), []);
    assert.deepEqual(record.events, ['closed']);
  });

  test('is not stopped if it has ended by itself', () => {
    const { bare, stream } = answered();
    stream.pause();
    bare.give(data(1, 'whole', END));
    assert.deepEqual(resets(bare), []);
    stream.discard();
    assert.deepEqual(resets(bare), []);
  });

  test('is not stopped if it had ended before its response', () => {
    const bare = Bare.greeted('server');
    bare.give(bare.headers(1, requestFields('POST', '/'), 0));
    const [{ stream }] = bare.streams as [Asked];
    stream.discard();
    bare.give(data(1, 'whole', END));
    stream.sendHeaders([':status', '200'], { endStream: true });
    assert.deepEqual(resets(bare), []);
    assert.equal(bare.engine.running, 0);
  });

  test('is not stopped if the peer has reset it', () => {
    const { bare, stream } = answered();
    bare.take();
    bare.give(reset(1, CANCEL));
    stream.discard();
    assert.deepEqual(resets(bare), []);
  });
});

function extended(): string[] {
  return [':method', 'CONNECT', ':protocol', 'websocket', ...requestFields('CONNECT', '/chat').slice(2)];
}

/** Trailers with an upper-case name, encoded by hand: our encoder does not write one. */
function upperCase(): Buffer[] {
  return [frame(FrameType.HEADERS, END | FrameFlag.END_HEADERS, 1, '0001580131')];
}

function reset(id: number, code: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(code);
  return frame(RST_STREAM, 0, id, payload);
}

function resets(bare: Bare): (readonly [number, number])[] {
  return bare
    .take()
    .filter(({ type }) => type === RST_STREAM)
    .map(({ streamId, payload }) => [streamId, payload.readUInt32BE()]);
}
