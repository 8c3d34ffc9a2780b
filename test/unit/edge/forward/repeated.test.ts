/** A request that is tried again, however its upload is cut and whenever its links come and go: no byte is lost, doubled or moved. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { PeerLink } from '../../../../src/cluster/peer-link.js';
import { notHere } from '../../../../src/cluster/relay-protocol.js';
import { RelayedStream } from '../../../../src/cluster/relayed-stream.js';
import { Metrics } from '../../../../src/core/metrics.js';
import { Exchange } from '../../../../src/edge/forward/exchange.js';
import type { Admitted } from '../../../../src/edge/gate/gate.js';
import { Revalidator } from '../../../../src/edge/gate/revalidation.js';
import { Observer } from '../../../../src/edge/ops/observer.js';
import { Traffic } from '../../../../src/edge/ops/traffic.js';
import type { Visit } from '../../../../src/edge/request/visit.js';
import type { PosternError } from '../../../../src/errors.js';
import type { InboundObserver, OutboundObserver, OutboundStream, RequestHead } from '../../../../src/http/exchange.js';
import type { RawHeaders } from '../../../../src/http/fields.js';
import type { OutboundLink } from '../../../../src/link/outbound-link.js';
import { admittedBy, requestOf } from '../visits.js';

/** Numbers below `end`, the same for each seed. */
function random(seed: number): (end: number) => number {
  let state = seed * 2_654_435_761 + 1;
  return (end) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * end);
  };
}

/** A visitor whose body comes piece by piece; `resume` delivers at once what has come, as HTTP/2 does. */
class Uploading {
  readonly visit: Visit;
  readonly sent: Buffer[] = [];
  error: PosternError | undefined;
  #observer: InboundObserver | undefined;
  #waiting: Buffer[] = [];
  #isPaused = true;
  #end: 'to come' | 'has come' | 'told' = 'to come';

  constructor() {
    this.visit = Object.assign(Object.create(null), requestOf({ method: 'POST' }), {
      endOfBody: false,
      isClosed: false,
      version: '2.0',
      isResponding: false,
      observe: (observer: InboundObserver) => {
        this.#observer = observer;
        this.#resume();
      },
      pause: () => {
        this.#isPaused = true;
      },
      resume: () => this.#resume(),
    }) as Visit;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get isWhole(): boolean {
    return this.#end === 'told';
  }

  comes(chunk: Buffer): void {
    if (this.#end !== 'to come') return;
    this.sent.push(chunk);
    this.#waiting.push(chunk);
    this.#deliver();
  }

  ends(): void {
    if (this.#end !== 'to come') return;
    this.#end = 'has come';
    this.#deliver();
  }

  #resume(): void {
    this.#isPaused = false;
    this.#deliver();
  }

  #deliver(): void {
    while (!this.#isPaused) {
      const chunk = this.#waiting.shift();
      if (chunk === undefined) break;
      this.#observer?.data(chunk);
    }
    if (this.#end !== 'has come' || this.#waiting.length > 0 || this.#observer === undefined) return;
    this.#end = 'told'; // also while it is paused
    this.#observer.trailers(['x-end', 'yes']);
    this.#observer.end();
  }
}

/** A stream of a link that takes what the test lets it take. */
class Taking implements OutboundStream {
  readonly taken: Buffer[] = [];
  end_: { readonly trailers: RawHeaders | undefined } | undefined;
  isOver = false;
  readonly observer: OutboundObserver;
  readonly #mayWrite: () => boolean;
  #isBlocked = false;

  constructor(observer: OutboundObserver, mayWrite: () => boolean) {
    this.observer = observer;
    this.#mayWrite = mayWrite;
  }

  readonly writableLength = 0;
  readonly bytesWritten = 0;

  write(chunk: Buffer): boolean {
    if (this.isOver || this.end_ !== undefined) return false;
    this.taken.push(chunk);
    this.#isBlocked ||= !this.#mayWrite();
    return !this.#isBlocked;
  }

  end(trailers?: RawHeaders): void {
    if (!this.isOver) this.end_ ??= { trailers };
  }

  drains(): void {
    if (!this.#isBlocked || this.isOver) return;
    this.#isBlocked = false;
    this.observer.drain();
  }

  fails(error: PosternError): void {
    if (this.isOver) return;
    this.isOver = true;
    this.observer.failed(error);
  }

  accepts(): void {
    if (!this.isOver) this.observer.informational({ status: 100, headers: [] });
  }

  pause(): void {}
  resume(): void {}

  cancel(): void {
    this.isOver = true;
  }

  takeBody(): never {
    throw new Error('it is no WebSocket');
  }
}

/** A link of this node, or one of another node, with each stream that it opens; the other node is reached when the test says so. */
class Way {
  readonly streams: Taking[] = [];
  readonly #isRemote: boolean;
  readonly #mayWrite: () => boolean;
  #reach: (() => void) | undefined;

  constructor(isRemote: boolean, mayWrite: () => boolean) {
    this.#isRemote = isRemote;
    this.#mayWrite = mayWrite;
  }

  reach(): void {
    this.#reach?.();
  }

  readonly link = {
    draining: new AbortController().signal,
    open: (head: RequestHead, options: { endOfBody: boolean; party: string }, observer: OutboundObserver) => {
      const open = (_head: unknown, _options: unknown, responses: OutboundObserver) => {
        const stream = new Taking(responses, this.#mayWrite);
        this.streams.push(stream);
        return stream;
      };
      if (!this.#isRemote) return open(head, options, observer);
      const relayed = new RelayedStream(observer);
      const reached = new Promise<PeerLink>((resolve) => {
        this.#reach = () => resolve({ open } as unknown as PeerLink);
      });
      relayed.start(reached, head, options);
      return relayed;
    },
  } as unknown as OutboundLink;
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('an upload that is tried again', () => {
  const revalidator = new Revalidator();
  const observer = new Observer([]);
  after(() => {
    revalidator.close();
    observer.close();
  });

  async function run(seed: number): Promise<'first' | 'again' | 'error'> {
    const any = random(seed);
    const mayWrite = () => any(3) > 0;
    const [one, other] = [new Way(any(3) > 0, mayWrite), new Way(any(2) > 0, mayWrite)];
    const [first, second] = [await admittedBy({ link: one.link }), await admittedBy({ link: other.link })];
    const uploading = new Uploading();
    let found: (() => void) | undefined;
    const exchange = new Exchange(uploading.visit, first, {
      gate: () => first,
      again: (visit) =>
        new Promise((resolve) => {
          found = () => resolve({ verdict: second as Admitted, head: visit.head ?? HEAD });
        }),
      observer,
      revalidator,
      traffic: new Traffic(new Metrics()),
      replyWithError: (visit, error) => {
        uploading.error = error;
        Object.assign(visit, { isResponding: true });
      },
    });
    const bytes = any(2) === 0 ? any(5) : any(40);
    let n = 0;
    const comes = () => uploading.comes(Buffer.from(`<${n++}>`.padEnd(1 + any(12), '.')));
    while (n < any(bytes + 1)) comes();
    exchange.open(HEAD, undefined);
    const doings = [
      () => n < bytes && comes(),
      () => n < bytes && comes(),
      () => n >= bytes && uploading.ends(),
      () => one.reach(),
      () => one.streams[0]?.accepts(),
      () => one.streams[0]?.fails(notHere('it is not here')),
      () => one.streams[0]?.drains(),
      () => found?.(),
      () => other.reach(),
      () => other.streams[0]?.accepts(),
      () => other.streams[0]?.drains(),
    ];
    for (let step = 0; step < 40; step++) {
      doings[any(doings.length)]?.();
      if (any(2) === 0) await turn();
    }
    // Now everything happens.
    while (n < bytes) comes();
    uploading.ends();
    for (let step = 0; step < 60; step++) {
      await turn();
      one.reach();
      found?.();
      other.reach();
      for (const { streams } of [one, other])
        for (const stream of streams) {
          stream.accepts();
          stream.drains();
        }
    }
    exchange.ended();
    const [at, from] = [one.streams[0], other.streams[0]];
    assert.ok(one.streams.length <= 1 && other.streams.length <= 1);
    if (uploading.error !== undefined) {
      assert.ok(
        at !== undefined && (at.taken.length > 0 || at.end_ !== undefined),
        `${seed}: it had not left, so it could go elsewhere`,
      );
      assert.equal(from, undefined);
      return 'error';
    }
    const last = from ?? at ?? assert.fail(`${seed}: it went nowhere`);
    assert.equal(Buffer.concat(last.taken).toString(), Buffer.concat(uploading.sent).toString(), `${seed}`);
    assert.deepEqual(last.end_?.trailers, ['x-end', 'yes'], `${seed}: it has not ended`);
    return from === undefined ? 'first' : 'again';
  }

  it('reaches one agent whole, in order and once, with its end, whatever comes between', async () => {
    const outcomes = new Map<string, number>();
    for (let seed = 1; seed <= 150; seed++) {
      const outcome = await run(seed);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    for (const outcome of ['first', 'again', 'error']) assert.ok((outcomes.get(outcome) ?? 0) > 10, outcome);
  });
});

const HEAD: RequestHead = { method: 'POST', scheme: 'http', authority: 'demo.localhost', path: '/', headers: [] };
