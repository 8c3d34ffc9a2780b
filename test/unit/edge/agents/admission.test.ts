import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { silentLog } from '../../../../src/core/log.js';
import { Names } from '../../../../src/edge/agents/names.js';
import { RevokedTokens } from '../../../../src/edge/agents/revoked-tokens.js';
import type { OutboundLink } from '../../../../src/link/outbound-link.js';
import { MemoryStore } from '../../../../src/store/memory.js';
import { deferred } from '../../../support/deferred.js';
import { FRAME, number32 } from '../../../support/raw-peer.js';
import { FULL, isLeft, openDoor, TAKEN, UNOWNED } from './door.js';

describe('the limit of links', () => {
  it('of one owner leaves room for others, and a link that closes frees a place', async (t) => {
    const { offer, registry } = await openDoor(t, { links: { most: 10, maxOfOne: 2, spare: 1 } });
    const first = await offer('one', { address: '198.51.100.1' });
    await offer('two', { address: '198.51.100.2' });
    assert.deepEqual((await offer('three', { address: '198.51.100.3' })).outcome, FULL);
    assert.ok('url' in (await offer('four', { owner: 'bob@acme.com', address: '198.51.100.3' })).outcome);
    const link = registry.find('one')?.link as OutboundLink;
    first.link.terminate();
    await link.closed;
    assert.ok('url' in (await offer('three', { address: '198.51.100.3' })).outcome);
  });

  it('of one network holds for all owners together', async (t) => {
    const { offer } = await openDoor(t, { links: { most: 10, maxOfOne: 2, spare: 0 } });
    await offer('one', { owner: 'a@acme.com', address: '2001:db8::1' });
    await offer('two', { owner: 'b@acme.com', address: '2001:db8::2' });
    assert.deepEqual((await offer('three', { owner: 'c@acme.com', address: '2001:db8::3' })).outcome, FULL);
    assert.ok('url' in (await offer('three', { owner: 'c@acme.com', address: '2001:db8:1::3' })).outcome);
  });

  it('of one owner holds for offers whose names are written in one moment', async (t) => {
    let claims = 0;
    const written = deferred<void>();
    const claim = () => {
      claims += 1;
      if (claims === 5) written.resolve();
      return written.promise;
    };
    const { offer } = await openDoor(t, {
      links: { most: 10, maxOfOne: 2, spare: 0 },
      names: { claim, check: async () => {} },
    });
    const offered = await Promise.all(['one', 'two', 'three', 'four', 'five'].map((name) => offer(name)));
    assert.equal(offered.filter(({ outcome }) => 'url' in outcome).length, 2);
  });

  it('of the edge still lets an agent replace its own link', async (t) => {
    const { offer } = await openDoor(t, { links: { most: 1, maxOfOne: 1, spare: 1 } });
    const agentId = randomUUID();
    await offer('one', { agentId });
    assert.deepEqual((await offer('two', { owner: 'b@acme.com', address: '198.51.100.2' })).outcome, FULL);
    assert.ok('url' in (await offer('one', { agentId })).outcome);
  });
});

describe('a name', () => {
  it('of a draining link goes to another agent', async (t) => {
    const { offer, registry } = await openDoor(t, UNOWNED);
    const { agent } = await offer('demo');
    const held = registry.find('demo')?.link as OutboundLink;
    assert.deepEqual((await offer('demo')).outcome, TAKEN);
    const running = held.open(
      { method: 'GET', scheme: 'http', authority: 'demo.localhost', path: '/', headers: [] },
      { endOfBody: true, party: 'ana' },
      { informational() {}, response() {}, data() {}, trailers() {}, end() {}, drain() {}, failed() {} },
    );
    await agent.frame(FRAME.headers, 1);
    agent.send(FRAME.goaway, 0, 0, Buffer.concat([number32(0x7fffffff), number32(0)]));
    await once(held.draining, 'abort');
    assert.ok('url' in (await offer('demo')).outcome);
    assert.notEqual(registry.find('demo')?.link, held);
    running.cancel();
    await held.closed;
    assert.notEqual(registry.find('demo')?.link, undefined);
  });

  it('belongs to its owner also when no agent is connected', async (t) => {
    const { offer, registry } = await openDoor(t);
    const { link } = await offer('demo');
    const held = registry.find('demo')?.link as OutboundLink;
    link.terminate();
    await held.closed;
    assert.deepEqual((await offer('demo', { owner: 'bob@acme.com' })).outcome, TAKEN);
    assert.ok('url' in (await offer('demo')).outcome);
  });

  it('is not asked for while the store is away, unless it is known to be the owner’s', async (t) => {
    const store = new MemoryStore({ maxEntries: 1 });
    const { offer } = await openDoor(t, { names: new Names({ store }) });
    const agentId = randomUUID();
    await offer('demo', { agentId });
    assert.deepEqual((await offer('other')).outcome, { status: 503, code: 'ERR_STORE_UNAVAILABLE' });
    assert.ok('url' in (await offer('demo', { agentId })).outcome);
  });

  it('that two agents offer at once goes to one of them', async (t) => {
    const { offer, registry } = await openDoor(t);
    const both = await Promise.all([offer('demo'), offer('demo')]);
    const links = both.map(({ link, outcome }) => ('url' in outcome ? link : undefined));
    // One was refused, or opened and closed at once: the name was checked again after the handshake.
    const left = await Promise.all(links.map(async (link) => link !== undefined && isLeft(link)));
    assert.equal(left.filter(Boolean).length, 1);
    assert.equal(registry.links, 1);
  });

  it('stays with an agent whose connection is too congested for an acknowledgement in time', async (t) => {
    const { offer, registry } = await openDoor(t);
    const { link } = await offer('demo');
    link.removeAllListeners('message'); // no longer responds
    const held = registry.find('demo')?.link as OutboundLink;
    t.mock.timers.enable({ apis: ['setTimeout'] });
    /** Offers the name; what comes meanwhile comes while the edge waits for the acknowledgement, which then takes too long. */
    const offered = async (meanwhile: () => Promise<void>) => {
      const asked = deferred<void>();
      const ping = held.ping.bind(held);
      t.mock.method(held, 'ping', () => {
        asked.resolve();
        return ping();
      });
      const knocked = offer('demo');
      await asked.promise;
      await meanwhile();
      t.mock.timers.tick(60_000);
      return (await knocked).outcome;
    };
    // The first fragment of a message that never ends: only bytes arrive.
    const trickle = async () => {
      const before = held.receivedBytes;
      link.send(Buffer.alloc(100), { fin: false, binary: true });
      while (held.receivedBytes === before) await new Promise((resolve) => setImmediate(resolve));
    };
    assert.deepEqual(await offered(trickle), TAKEN);
    assert.equal(registry.find('demo')?.link, held);
    assert.ok('url' in (await offered(async () => {})), 'and is free once nothing comes');
  });
});

describe('a trial offer', () => {
  const trial = { protocol: 'postern.trial' };

  it('opens a link that acknowledges and serves no name, beside the agent that serves it', async (t) => {
    const { offer, registry } = await openDoor(t);
    const serving = await offer('demo');
    const held = registry.find('demo')?.link;
    const tried = await offer('demo', trial);
    assert.deepEqual(tried.outcome, { url: 'http://demo.localhost' });
    assert.equal(await isLeft(tried.link), true);
    assert.equal(registry.find('demo')?.link, held);
    assert.equal(await isLeft(serving.link), true);
  });

  it('claims no name, and is refused where an offer would be', async (t) => {
    const names = new Names({ store: new MemoryStore() });
    const { offer, registry } = await openDoor(t, { names, links: { most: 2, maxOfOne: 2, spare: 0 } });
    assert.ok('url' in (await offer('demo', trial)).outcome);
    assert.equal(registry.find('demo'), undefined);
    assert.ok('url' in (await offer('demo', { owner: 'bob@acme.com' })).outcome);
    assert.deepEqual((await offer('demo', trial)).outcome, TAKEN);
    assert.deepEqual((await offer('other', trial)).outcome, FULL);
  });
});

describe('a revoked token', () => {
  it('opens no link, also when it is revoked between validation and handshake', async (t) => {
    const revoked = new RevokedTokens(undefined, silentLog);
    let looks = 0;
    t.mock.method(revoked, 'has', () => ++looks > 1);
    const { offer, registry } = await openDoor(t, { revoked });
    const { link } = await offer('demo');
    assert.equal(await isLeft(link), false);
    assert.equal(registry.find('demo')?.link, undefined);
  });
});
