import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Links } from '../../../src/agent/links.js';
import { MoreLinks } from '../../../src/agent/more-links.js';
import { silentLog } from '../../../src/core/log.js';
import { PosternError } from '../../../src/errors.js';
import { FakeLink } from './fake-link.js';

/** Time that passes when the test says so. */
class FakeClock {
  #nowMs = 0;
  #waits: { readonly atMs: number; readonly end: () => void }[] = [];

  readonly now = () => this.#nowMs;

  readonly wait = (ms: number, signal: AbortSignal) =>
    new Promise<void>((end) => {
      const wait = { atMs: this.#nowMs + ms, end: () => {} };
      wait.end = () => {
        signal.removeEventListener('abort', wait.end);
        end();
      };
      signal.addEventListener('abort', wait.end);
      this.#waits.push(wait);
    });

  async pass(seconds: number): Promise<void> {
    const untilMs = this.#nowMs + seconds * 1_000;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const [next] = this.#waits.sort((one, other) => one.atMs - other.atMs);
      if (next === undefined || next.atMs > untilMs) break;
      this.#waits.shift();
      this.#nowMs = next.atMs;
      next.end();
    }
    this.#nowMs = untilMs;
  }
}

interface World {
  readonly clock: FakeClock;
  readonly more: MoreLinks;
  readonly first: FakeLink;
  /** What is dialled: the slots, and the links that were opened. */
  readonly slots: number[];
  readonly links: FakeLink[];
  /** What the next attempts come to: a node, or a refusal. Without one it is a node of its own. */
  readonly outcomes: (string | PosternError)[];
  readonly most: { value: number };
}

function start(most = 4): World {
  const clock = new FakeClock();
  const world = { clock, slots: [] as number[], links: [] as FakeLink[], outcomes: [], most: { value: most } };
  const outcomes: (string | PosternError)[] = world.outcomes;
  const dial = async (slot: number) => {
    world.slots.push(slot);
    const outcome = outcomes.shift() ?? `node-${slot}`;
    if (outcome instanceof PosternError) throw outcome;
    const link = new FakeLink({ nodes: { most: world.most.value, node: outcome } });
    world.links.push(link);
    return link;
  };
  const more = new MoreLinks({ dial, log: silentLog }, clock);
  const first = new FakeLink({ nodes: { most, node: 'node-1' } });
  more.follow(first);
  return { ...world, more, first, outcomes };
}

/** Makes links busy: they have many requests at once. */
function busy(...links: (FakeLink | undefined)[]): void {
  for (const link of links) if (link !== undefined) link.running = 16;
}

describe('MoreLinks', () => {
  it('opens none while there is little to do, nor for a moment, nor where the edge uses one', async () => {
    const { clock, first, slots } = start();
    first.running = 15;
    await clock.pass(60);
    busy(first);
    await clock.pass(1);
    first.running = 0;
    await clock.pass(60);
    assert.deepEqual(slots, []);
    for (const most of [1, undefined]) {
      const alone = start(most);
      const link = new FakeLink(most === undefined ? {} : { nodes: { most, node: 'node-1' } });
      busy(link);
      alone.more.follow(link);
      await alone.clock.pass(60);
      assert.deepEqual(alone.slots, []);
    }
  });

  for (const [what, work] of [
    ['requests at once', (link: FakeLink) => busy(link)],
    ['requests', (link: FakeLink) => (link.requests += 100)],
    ['bytes', (link: FakeLink) => (link.bytes += 4_194_304)],
  ] as const) {
    it(`opens another one after two seconds with many ${what}`, async () => {
      const { clock, first, slots, more } = start(2);
      for (let second = 0; second < 5; second += 1) {
        work(first);
        await clock.pass(1);
        assert.equal(slots.length, second < 1 ? 0 : 1);
      }
      assert.deepEqual(slots, [2]);
      assert.equal(more.isServing, true);
    });
  }

  it('opens as many as the edge can use, one after the other, each while all of them are busy', async () => {
    const { clock, first, slots, links } = start();
    busy(first);
    await clock.pass(60);
    assert.deepEqual(slots, [2]);
    for (let more = 0; more < 4; more += 1) {
      busy(...links);
      await clock.pass(60);
    }
    assert.deepEqual(slots, [2, 3, 4]);
  });

  it('tries again when it comes to a node that has one, five times, and then leaves it for minutes', async () => {
    const { clock, first, slots, links, outcomes, more } = start(2);
    busy(first);
    outcomes.push(...Array.from({ length: 5 }, () => 'node-1'), 'node-2');
    await clock.pass(60);
    assert.equal(slots.length, 5);
    assert.ok(links.every(({ ended }) => ended));
    assert.equal(more.isServing, false);
    await clock.pass(300);
    assert.equal(slots.length, 6);
    assert.equal(more.isServing, true);
  });

  it('leaves what is refused for good as what is refused for now', async () => {
    for (const code of ['ERR_EDGE_FULL', 'ERR_NAME_TAKEN', 'ERR_TOKEN_INVALID'] as const) {
      const { clock, first, slots, outcomes } = start(2);
      busy(first);
      outcomes.push(...Array.from({ length: 5 }, () => new PosternError(code)));
      await clock.pass(60);
      assert.equal(slots.length, 5);
    }
  });

  it('closes the last one when the others have done for three minutes, but not while something runs on it', async () => {
    const { clock, first, links, more } = start(2);
    busy(first);
    await clock.pass(5);
    const [second] = links;
    first.running = 0;
    await clock.pass(170);
    busy(first); // begins anew
    await clock.pass(5);
    first.running = 0;
    if (second !== undefined) second.running = 1;
    await clock.pass(400);
    assert.equal(second?.ended, false);
    second.running = 0;
    await clock.pass(2);
    assert.equal(second.ended, true);
    assert.equal(more.isServing, false);
  });

  it('goes on when one is lost or drains, and opens another one if there is still much to do', async () => {
    for (const end of [(link?: FakeLink) => link?.lose(), (link?: FakeLink) => link?.announceDrain()]) {
      const { clock, first, slots, links, more } = start(2);
      busy(first);
      await clock.pass(20);
      end(links[0]);
      assert.equal(more.isServing, false);
      await clock.pass(1);
      assert.equal(links[0]?.ended, true);
      await clock.pass(5);
      assert.deepEqual(slots, [2, 2]);
    }
  });

  it('opens none while the first one is dialled anew, and closes one at whose node that then is', async () => {
    const { clock, first, slots, links, more } = start(3);
    busy(first);
    await clock.pass(5);
    first.lose();
    busy(...links);
    await clock.pass(10);
    assert.deepEqual(slots, [2]);
    assert.equal(more.isServing, true);
    more.follow(new FakeLink({ nodes: { most: 3, node: 'node-9' } }));
    assert.equal(links[0]?.ended, false);
    more.follow(new FakeLink({ nodes: { most: 3, node: 'node-2' } }));
    assert.equal(links[0]?.ended, true);
  });

  it('keeps none that was dialled with another token or offer, once there is another first link', async () => {
    const { clock, first, links, more, outcomes } = start(3);
    busy(first);
    await clock.pass(5);
    more.outdate();
    assert.equal(links[0]?.ended, false, 'it serves until then');
    busy(...links);
    outcomes.push('node-3');
    await clock.pass(5);
    more.follow(new FakeLink({ nodes: { most: 3, node: 'node-9' } }));
    assert.equal(links[0]?.ended, true);
    assert.equal(links[1]?.ended, false, 'dialled after it');
  });

  it('opens no more while sixteen are held on which requests run', async () => {
    const { clock, first, slots, links, more } = start(2);
    busy(first);
    for (let up = 1; up <= 20; up += 1) {
      await clock.pass(20);
      const link = links.at(-1);
      if (link === undefined || link.draining.aborted) continue;
      link.drain = () => new Promise(() => {});
      link.announceDrain();
    }
    assert.equal(slots.length, 16);
    links[0]?.lose();
    await clock.pass(20);
    assert.equal(slots.length, 17);
    more.destroy();
  });

  it('closes those that the edge can no longer use', async () => {
    const { clock, first, links, more } = start(2);
    busy(first);
    await clock.pass(5);
    more.follow(new FakeLink({ nodes: { most: 1, node: 'node-9' } }));
    assert.equal(links[0]?.ended, true);
  });

  it('dials no more once it drains or is destroyed, and closes what comes up after that', async () => {
    for (const end of ['drain', 'destroy'] as const) {
      const { clock, first, slots, links, more } = start(3);
      busy(first);
      await clock.pass(5);
      await more[end]();
      assert.equal(links[0]?.ended, true);
      await clock.pass(60);
      assert.deepEqual(slots, [2]);
    }
  });
});

describe('Links', () => {
  it('have ended when what runs on each of them has, whichever is the last', async () => {
    for (const last of [0, 1]) {
      const clock = new FakeClock();
      const opened: FakeLink[] = [];
      const dial = async (slot: number) => {
        const link = new FakeLink({ nodes: { most: 2, node: `node-${slot}` } });
        busy(link);
        link.drain = async () => link.announceDrain();
        opened.push(link);
        return link;
      };
      const links = new Links({ dial, online: () => {}, offline: () => {}, log: silentLog }, clock);
      let hasEnded = false;
      void links.ended.then(() => {
        hasEnded = true;
      });
      await clock.pass(5);
      assert.equal(opened.length, 2);
      void links.drain();
      opened[1 - last]?.lose();
      await clock.pass(1);
      assert.equal(hasEnded, false);
      opened[last]?.lose();
      await clock.pass(1);
      assert.equal(hasEnded, true);
    }
  });
});
