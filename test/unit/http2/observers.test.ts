/** An observer that throws ends its own stream and is reported; its connection and the other streams go on. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { Connection } from '../../../src/http2/connection.js';
import { Http2ErrorCode } from '../../../src/http2/errors.js';
import { FrameFlag, FrameType } from '../../../src/http2/frame/types.js';
import type { Http2Stream, StreamObserver } from '../../../src/http2/stream/stream.js';
import { ask, Bare, frame, requestFields } from './peers.js';

const { DATA, RST_STREAM, GOAWAY, PING, WINDOW_UPDATE } = FrameType;
const { INTERNAL_ERROR, CANCEL } = Http2ErrorCode;

const fault = (): never => {
  throw new Error('a fault');
};

class Faulty implements StreamObserver {
  ends: (number | undefined)[] = [];

  data(): void {}
  trailers(): void {}
  end(): void {}
  closed(error: { readonly code: number } | undefined): void {
    this.ends.push(error?.code);
  }
}

interface Faults {
  readonly bare: Bare;
  readonly observer: Faulty;
  readonly reports: unknown[];
  readonly stream: () => Http2Stream;
}

/** A server whose first stream is observed by one that throws in the method. */
function faulty(method: string): Faults {
  const observer = Object.assign(new Faulty(), method === 'stream' || method === 'none' ? {} : { [method]: fault });
  const reports: unknown[] = [];
  let first: Http2Stream | undefined;
  const bare: Bare = Bare.greeted('server', {
    observer: {
      stream: (stream) => {
        if (first !== undefined) return;
        first = stream;
        stream.observe(observer);
        if (method === 'stream') fault();
      },
      threw: (error) => reports.push((error as Error).message),
      closed: (error) => {
        bare.closed = error ?? 'whole';
      },
    },
  });
  return { bare, observer, reports, stream: () => first as Http2Stream };
}

function resets(bare: Bare): (readonly [number, number])[] {
  return bare
    .take()
    .filter(({ type }) => type === RST_STREAM)
    .map(({ streamId, payload }) => [streamId, payload.readUInt32BE()]);
}

const post = (bare: Bare) => bare.headers(1, requestFields('POST', '/'), 0);

describe('an observer that throws in', () => {
  const rows: readonly (readonly [method: string, act: (faults: Faults) => void])[] = [
    ['stream', ({ bare }) => bare.give(post(bare))],
    ['data', ({ bare }) => bare.give(post(bare), frame(DATA, 0, 1, 'aa'))],
    ['trailers', ({ bare }) => bare.give(post(bare), bare.headers(1, ['x-a', '1']))],
    ['end', ({ bare }) => bare.give(post(bare), frame(DATA, FrameFlag.END_STREAM, 1, 'aa'))],
    [
      'drain',
      ({ bare, stream }) => {
        bare.give(post(bare));
        stream().sendHeaders([':status', '200'], { endStream: false });
        stream().write(Buffer.alloc(100_000));
        bare.take();
        bare.give(frame(WINDOW_UPDATE, 0, 0, '00100000'), frame(WINDOW_UPDATE, 0, 1, '00100000'));
      },
    ],
  ];
  for (const [method, act] of rows) {
    test(`\`${method}\` resets its stream, is told of its end, and is reported`, () => {
      const faults = faulty(method);
      act(faults);
      const { bare, observer, reports } = faults;
      assert.deepEqual(resets(bare), [[1, INTERNAL_ERROR]]);
      assert.deepEqual(reports, ['a fault']);
      assert.deepEqual(observer.ends, [INTERNAL_ERROR]);
      bare.give(bare.headers(3, requestFields('GET', '/')), frame(PING, 0, 0, '0011223344556677'));
      assert.ok(bare.take().some(({ type }) => type === PING));
      assert.deepEqual([bare.closed, bare.engine.running], [undefined, 1]);
    });
  }

  test('`data` does so in the call of an owner that resumes its stream', () => {
    const { bare, reports, stream } = faulty('data');
    bare.give(post(bare));
    stream().pause();
    bare.give(frame(DATA, 0, 1, 'aa'), frame(DATA, FrameFlag.END_STREAM, 1, 'bb'));
    stream().resume();
    assert.deepEqual([resets(bare), reports], [[[1, INTERNAL_ERROR]], ['a fault']]);
  });

  test('`closed` is reported, and the streams beside it are told of their end', () => {
    const { bare, reports } = faulty('closed');
    bare.give(post(bare), frame(RST_STREAM, 0, 1, '00000008'));
    assert.deepEqual([resets(bare), reports], [[], ['a fault']]);
    assert.equal(bare.closed, undefined);
  });

  test('`headers` of a response resets it in the client role', () => {
    const reports: unknown[] = [];
    const bare = Bare.greeted('client', { observer: { closed: () => {}, threw: (error) => reports.push(error) } });
    const { stream } = ask(bare.engine, requestFields('GET', '/'));
    const observer = Object.assign(new Faulty(), { headers: fault });
    stream.observe(observer);
    bare.take();
    bare.give(bare.headers(1, [':status', '200'], 0));
    assert.deepEqual([resets(bare), reports.length, observer.ends], [[[1, INTERNAL_ERROR]], 1, [INTERNAL_ERROR]]);
  });

  test('what it does after it has reset the stream itself is reported alone', () => {
    const { bare, reports, stream, observer } = faulty('none');
    Object.assign(observer, {
      data: () => {
        stream().reset(CANCEL);
        fault();
      },
    });
    bare.give(post(bare), frame(DATA, 0, 1, 'aa'));
    assert.deepEqual([resets(bare), reports, observer.ends], [[[1, CANCEL]], ['a fault'], []]);
  });
});

describe('an observer of a connection that throws in', () => {
  for (const method of ['settings', 'goaway', 'closed']) {
    test(`\`${method}\` is reported, and changes nothing`, () => {
      const reports: unknown[] = [];
      const observer = { closed: () => {}, [method]: fault, threw: (error: unknown) => reports.push(error) };
      const bare = Bare.greeted('server', { observer });
      bare.give(post(bare));
      bare.give(frame(GOAWAY, 0, 0, '0000000000000000'));
      assert.equal(bare.engine.isClosed, false);
      bare.engine.destroy();
      assert.equal(reports.length, 1);
    });
  }

  test('all of them makes the process warn where nobody listens', async () => {
    const warned = once(process, 'warning');
    const engine = new Connection({ role: 'server', send: () => {}, observer: { closed: fault } });
    engine.destroy();
    const [warning] = (await warned) as [Error];
    assert.equal(warning.message, 'a fault');
  });

  test('its own report is left alone', () => {
    const engine = new Connection({ role: 'server', send: () => {}, observer: { closed: fault, threw: fault } });
    engine.destroy();
    assert.equal(engine.isClosed, true);
  });
});
