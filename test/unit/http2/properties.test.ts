/** What holds for any bytes and any schedule. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Connection } from '../../../src/http2/connection.js';
import type { ConnectionLimits } from '../../../src/http2/connection-options.js';
import type { FlowLimits } from '../../../src/http2/flow/flow-control.js';
import { CLIENT_PREFACE } from '../../../src/http2/frame/reader.js';
import { FrameType } from '../../../src/http2/frame/types.js';
import type { Http2Stream } from '../../../src/http2/stream/stream.js';
import { ask, Bare, frame, Record, requestFields } from './peers.js';

/** A generator of numbers that a seed determines, so that a failure can be run again. */
function random(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

describe('any split of the bytes gives the same events', () => {
  const cuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 20_000 })), {
    minLength: 1,
    maxLength: 200,
  });

  test('in the server role', () => {
    const bytes = Buffer.concat(sessionBytes(new Bare('client')));
    const whole = replay('server', [bytes]);
    assert.equal(whole.length, 3);
    fc.assert(fc.property(cuts, (sizes) => assert.deepEqual(replay('server', cut(bytes, sizes)), whole)));
  });

  test('in the client role', () => {
    const bytes = responseBytes();
    const whole = replay('client', [bytes]);
    assert.match(whole[0] ?? '', /trailers.*end.*closed/);
    fc.assert(fc.property(cuts, (sizes) => assert.deepEqual(replay('client', cut(bytes, sizes)), whole)));
  });
});

/** The bytes of a client that sends three requests. */
function sessionBytes(bare: Bare): Buffer[] {
  return [CLIENT_PREFACE, frame(FrameType.SETTINGS, 0, 0), ...conversation(bare)];
}

/** The bytes of a server whose response to one request has every part. */
function responseBytes(): Buffer {
  const bare = new Bare('server');
  const block = (fields: string[]) => bare.headers(1, fields, 0);
  return Buffer.concat([
    frame(FrameType.SETTINGS, 0, 0, '000300000064'),
    block([':status', '103', 'link', '</style.css>']),
    block([':status', '200', 'x-long', 'v'.repeat(10_000)]),
    frame(FrameType.DATA, 8, 1, Buffer.concat([Buffer.from([3]), Buffer.alloc(9_000, 7), Buffer.alloc(3)])),
    frame(FrameType.PING, 0, 0, '0011223344556677'),
    frame(FrameType.DATA, 0, 1, Buffer.alloc(16_384, 8)),
    bare.headers(1, ['x-checksum', '1']),
    frame(FrameType.GOAWAY, 0, 0, Buffer.concat([Buffer.alloc(8), Buffer.from('why')])),
  ]);
}

/** Frames of three requests, in between each other. */
function conversation(bare: Bare): Buffer[] {
  const head = (id: number, flags: number) =>
    bare.headers(id, requestFields('POST', `/${id}`, ['x-name', 'value', 'x-id', `${id}`]), flags);
  const heads = [head(1, 0), head(3, 0)];
  const long = bare.block(requestFields('GET', '/long', ['x-long', 'v'.repeat(9_000)]));
  return [
    ...heads,
    frame(FrameType.DATA, 0, 1, Buffer.alloc(5_000, 1)),
    frame(0xfa, 0xff, 3, 'abcdef'),
    frame(FrameType.DATA, 8, 3, Buffer.concat([Buffer.from([4]), Buffer.alloc(300, 2), Buffer.alloc(4)])),
    frame(FrameType.HEADERS, 1, 5, long.subarray(0, 100)),
    frame(FrameType.CONTINUATION, 0, 5, long.subarray(100, 3_000)),
    frame(FrameType.CONTINUATION, 4, 5, long.subarray(3_000)),
    frame(FrameType.DATA, 0, 1, Buffer.alloc(16_384, 3)),
    frame(FrameType.DATA, 1, 3),
    bare.headers(1, ['x-checksum', '1']),
  ];
}

function replay(role: 'client' | 'server', parts: readonly Buffer[]): string[] {
  const bare = new Bare(role);
  if (role === 'client') bare.streams.push(ask(bare.engine, requestFields('GET', '/')));
  bare.take();
  bare.give(...parts);
  return bare.streams.map(({ record }) =>
    [...record.events, record.fields, createHash('sha256').update(record.body).digest('hex')].join(' '),
  );
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    parts.push(bytes.subarray(at, at + size));
    at += size;
  }
  return parts;
}

describe('no bytes do harm', () => {
  const noise = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
  const anyFrame = fc
    .record({
      type: fc.oneof(fc.integer({ min: 0, max: 10 }), fc.constantFrom(0, 1, 8, 9)),
      flags: fc.oneof(fc.constantFrom(0, 1, 4, 5), fc.integer({ min: 0, max: 255 })),
      streamId: fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 0xffff_ffff })),
      payload: fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc
          .constantFrom('828684410161', '88', '', '00000001', '7fffffff', '0000000000000000')
          .map((hex) => Buffer.from(hex, 'hex')),
      ),
    })
    .map(({ type, flags, streamId, payload }) => frame(type, flags, streamId, Buffer.from(payload)));
  const input = fc.array(fc.oneof({ weight: 9, arbitrary: anyFrame }, { weight: 1, arbitrary: noise }), {
    maxLength: 60,
  });

  for (const role of ['client', 'server'] as const) {
    test(`in the ${role} role`, () => {
      fc.assert(
        fc.property(input, (parts) => {
          const bare = Bare.greeted(role);
          const asked = role === 'client' ? [ask(bare.engine, requestFields('GET', '/'))] : bare.streams;
          bare.give(...parts);
          const sent = bare.take();
          assert.ok(sent.length <= 2 * parts.length * 35 + 4, 'answers are not more than what was asked');
          const goaway = sent.findIndex(
            ({ type, payload }) => type === FrameType.GOAWAY && payload.readUInt32BE(4) > 0,
          );
          assert.ok(goaway === -1 || goaway === sent.length - 1, 'nothing follows an error of the connection');
          if (!bare.engine.isClosed) return;
          assert.equal(bare.engine.running, 0);
          for (const { record } of asked) assert.match(record.events.at(-1) ?? '', /^(closed|failed)/);
        }),
        { numRuns: 1_000 },
      );
    });
  }
});

describe('no corruption of a session does harm', () => {
  // Bytes of an otherwise valid session that are replaced, removed or duplicated.
  const damage = fc.array(
    fc.record({
      at: fc.nat(60_000),
      count: fc.oneof(fc.constantFrom(0, 1, 4, 9), fc.nat(300)),
      instead: fc.uint8Array({ maxLength: 12 }),
    }),
    { minLength: 1, maxLength: 4 },
  );
  const parts = fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 40 });

  for (const role of ['client', 'server'] as const) {
    test(`in the ${role} role`, () => {
      fc.assert(
        fc.property(damage, parts, (places, sizes) => {
          const bare = new Bare(role);
          const asked = role === 'client' ? [ask(bare.engine, requestFields('GET', '/'))] : bare.streams;
          bare.take();
          let bytes = role === 'client' ? responseBytes() : Buffer.concat(sessionBytes(new Bare('client')));
          for (const { at, count, instead } of places) {
            const start = at % bytes.length;
            bytes = Buffer.concat([bytes.subarray(0, start), instead, bytes.subarray(start + count)]);
          }
          bare.give(...cut(bytes, sizes));
          const sent = bare.take();
          assert.ok(sent.length < 200, 'answers are not many more than what was said');
          const received = asked.reduce((sum, { record }) => sum + record.body.length, 0);
          assert.ok(received <= bytes.length, 'nothing is told twice');
          bare.engine.destroy();
          assert.equal(bare.engine.running, 0);
          for (const { record } of asked) assert.match(record.events.at(-1) ?? '', /^(closed|failed)/);
          for (const { record } of asked) assert.ok(record.events.filter((event) => event === 'end').length <= 1);
        }),
        { numRuns: 1_000 },
      );
    });
  }
});

describe('two engines, whatever the schedule', () => {
  test('transfer every body completely, and report no incomplete one as complete', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => new World(random(seed)).run()),
      { numRuns: 150 },
    );
  });

  test('over paths whose RTT changes, with windows that open and close', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => new World(random(seed), CHANGING).run()),
      { numRuns: 150 },
    );
  });
});

// Limits that readers reach at once, so that windows are scarce and plentiful in turn.
const CHANGING: FlowLimits = {
  initialStreamBytes: 32_768,
  maxStreamBytes: 4_194_304,
  initialConnectionBytes: 1_048_576,
  maxConnectionBytes: 524_288,
};

interface Body {
  readonly sent: Buffer;
  readonly record: Record;
  isReset: boolean;
}

/** Two engines, a wire that delivers in pieces when it likes, and streams that do what they like. */
class World {
  readonly #pick: (below: number) => number;
  readonly #tasks: (() => void)[] = [];
  readonly #wires = { client: [] as Buffer[], server: [] as Buffer[] };
  readonly #engines: { readonly client: Connection; readonly server: Connection };
  readonly #bodies: Body[] = [];
  // By the stream's identifier the request's body, and by its negative the response's.
  readonly #byStream = new Map<number, Body>();
  readonly #writers: (() => boolean)[] = [];
  readonly #live: Http2Stream[] = [];
  readonly #closed: unknown[] = [];
  readonly #limits: Partial<ConnectionLimits>;
  #nowMs = 0;

  constructor(pick: (below: number) => number, flow?: FlowLimits) {
    this.#pick = pick;
    this.#limits = { maxStreams: 50, ...(flow && { flow }) };
    this.#engines = { client: this.#engine('client'), server: this.#engine('server') };
  }

  run(): void {
    for (let at = 0; at < 400; at++) this.#step();
    for (const stream of this.#live) stream.resume();
    while (this.#drain()) for (const stream of this.#live) stream.resume();
    assert.deepEqual(this.#closed, []);
    assert.equal(this.#engines.client.running + this.#engines.server.running, 0);
    for (const { sent, record, isReset } of this.#bodies) {
      const isWhole = record.events.includes('end');
      if (isWhole) assert.ok(record.body.equals(sent), 'a body that ended is the one that was sent');
      else assert.ok(isReset, 'only a reset cuts a body short');
    }
  }

  #engine(role: 'client' | 'server'): Connection {
    return new Connection({
      role,
      schedule: (run) => this.#tasks.push(run),
      send: (bytes) => this.#wires[role].push(bytes),
      limits: this.#limits,
      now: () => this.#nowMs,
      observer: {
        stream: (stream) => this.#serve(stream),
        closed: (error) => this.#closed.push(error),
      },
    });
  }

  #serve(stream: Http2Stream): void {
    const request = this.#byStream.get(stream.id) as Body;
    stream.observe(request.record);
    stream.sendHeaders([':status', '200'], { endStream: false });
    const response = this.#byStream.get(-stream.id) as Body;
    this.#write(stream, response);
    this.#live.push(stream);
  }

  #step(): void {
    const steps = [
      () => this.#open(),
      () => this.#tasks.shift()?.(),
      () => this.#deliver('client', 1 + this.#pick(40_000)),
      () => this.#deliver('server', 1 + this.#pick(40_000)),
      () => this.#deliver('client', 1 + this.#pick(20)),
      () => this.#writers[this.#pick(this.#writers.length || 1)]?.(),
      () => this.#anyStream()?.pause(),
      () => this.#anyStream()?.resume(),
      () => this.#pick(8) === 0 && this.#cutShort(),
      () => {
        this.#nowMs += this.#pick(4) === 0 ? this.#pick(500) : this.#pick(30) / 10;
      },
      () => this.#engines[this.#pick(2) === 0 ? 'client' : 'server'].ping().catch(() => {}), // too many wait
    ];
    steps[this.#pick(steps.length)]?.();
  }

  #open(): void {
    if (this.#engines.client.running >= 20) return;
    const bodies = [this.#body(), this.#body()] as const;
    const { stream, record } = ask(this.#engines.client, requestFields('POST', '/'), { endStream: false });
    const [request, response] = [bodies[0], { ...bodies[1], record }];
    this.#bodies.push(request, response);
    this.#byStream.set(stream.id, request).set(-stream.id, response);
    this.#write(stream, request);
    this.#live.push(stream);
  }

  #body(): Body {
    const sent = Buffer.alloc(this.#pick(3) === 0 ? this.#pick(400_000) : this.#pick(2_000));
    for (let at = 0; at < sent.length; at += 97) sent[at] = this.#pick(256);
    return { sent, record: new Record(), isReset: false };
  }

  #write(stream: Http2Stream, body: Body): void {
    let at = 0;
    this.#writers.push(() => {
      if (stream.isOver || at > body.sent.length) return false;
      const end = at + 1 + this.#pick(70_000);
      stream.write(Buffer.from(body.sent.subarray(at, end)));
      at = end;
      if (end >= body.sent.length) stream.end(this.#pick(2) === 0 ? [] : ['x-checksum', '1']);
      return true;
    });
  }

  #cutShort(): void {
    const stream = this.#anyStream();
    if (stream === undefined) return;
    const pair = [this.#byStream.get(stream.id), this.#byStream.get(-stream.id)];
    for (const body of pair) if (body !== undefined) body.isReset = true;
    stream.reset();
  }

  #anyStream(): Http2Stream | undefined {
    return this.#live[this.#pick(this.#live.length || 1)];
  }

  /** Gives the other end some of what `role` has sent. */
  #deliver(role: 'client' | 'server', most: number): boolean {
    const [first] = this.#wires[role];
    if (first === undefined) return false;
    const part = first.subarray(0, most);
    if (part.length === first.length) this.#wires[role].shift();
    else this.#wires[role][0] = first.subarray(most);
    this.#engines[role === 'client' ? 'server' : 'client'].receive(Buffer.from(part));
    this.#engines[role].sent(part.length);
    return true;
  }

  #drain(): boolean {
    let isMoving = false;
    for (const write of this.#writers) while (write()) isMoving = true;
    for (let task = this.#tasks.shift(); task !== undefined; task = this.#tasks.shift()) task();
    while (this.#deliver('client', 1e9) || this.#deliver('server', 1e9)) isMoving = true;
    return isMoving || this.#tasks.length > 0;
  }
}
