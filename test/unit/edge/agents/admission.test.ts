import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { DirectoryTable } from '../../../../src/cluster/directory-table.js';
import { MemoryDirectory } from '../../../../src/cluster/memory-directory.js';
import { readBaseAddress } from '../../../../src/core/hostname.js';
import { silentLog } from '../../../../src/core/log.js';
import { Admission, type AdmitOptions } from '../../../../src/edge/agents/admission.js';
import { AgentTokens } from '../../../../src/edge/agents/agent-tokens.js';
import { Names } from '../../../../src/edge/agents/names.js';
import { Places } from '../../../../src/edge/agents/places.js';
import { RevokedTokens } from '../../../../src/edge/agents/revoked-tokens.js';
import { tunnelOfRecord } from '../../../../src/edge/agents/tunnel-of.js';
import { Registry } from '../../../../src/edge/gate/registry.js';
import { Observer } from '../../../../src/edge/ops/observer.js';
import { Http1Offer } from '../../../../src/edge/visitors/http1/offer.js';
import type { OutboundLink } from '../../../../src/link/outbound-link.js';
import { createToken } from '../../../../src/link/token.js';
import { MemoryStore } from '../../../../src/store/memory.js';
import { deferred } from '../../../support/deferred.js';
import { type Knocked, knock, type RawOffer } from '../../../support/knock.js';
import { ACK, FRAME, number32, RawAgent } from '../../../support/raw-peer.js';

const SECRETS = ['a secret of thirty-two bytes or more'];
const BASE = readBaseAddress('http://localhost') ?? assert.fail();
const FULL = { status: 503, code: 'ERR_EDGE_FULL' };
const TAKEN = { status: 409, code: 'ERR_NAME_TAKEN' };

/** Names that belong to no owner: what then decides is the link. */
const UNOWNED = { names: { claim: async () => {}, check: () => {} } };

interface Door {
  readonly registry: Registry;
  readonly admission: Admission;
  /** Offers a name, as the agent of an owner, from an address. */
  offer(
    name: string,
    from?: { owner?: string; address?: string } & Partial<RawOffer>,
  ): Promise<Knocked & { readonly agent: RawAgent }>;
}

async function openDoor(t: TestContext, options: Partial<AdmitOptions> = {}): Promise<Door> {
  const registry = new Registry();
  const revoked = options.revoked ?? new RevokedTokens(undefined, silentLog);
  const common = { base: BASE, policy: { ceiling: undefined, publicPermitted: false } };
  const places = new Places({
    directory: new MemoryDirectory(new DirectoryTable(), { id: 'node', peer: '', state: 'up' }),
    registry,
    read: (record) => tunnelOfRecord(record, common),
    peers: { open: () => assert.fail('no other node'), probe: () => assert.fail('no other node') },
    changed: () => {},
  });
  t.after(() => places.close());
  const admission = new Admission({
    ...common,
    tokens: new AgentTokens(SECRETS, revoked),
    permits: { publicPaths: false, accessTokens: false },
    places,
    names: new Names({ store: new MemoryStore() }),
    revoked,
    observer: new Observer([]),
    ...options,
  });
  const server = createServer();
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const address = String(request.headers['x-address'] ?? '198.51.100.1');
    void admission.handle(new Http1Offer(request, socket, head, address));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    admission.destroy();
    server.close();
  });
  const world = { base: BASE.origin, port: (server.address() as AddressInfo).port };
  return {
    registry,
    admission,
    async offer(name, { owner = 'dev@acme.com', address = '198.51.100.1', ...raw } = {}) {
      const token = await createToken(SECRETS, { owner, tunnels: ['*'], ttlMs: 60_000 });
      const headers = { 'x-address': address };
      let agent: RawAgent | undefined;
      const knocked = await knock(world, { token, name, headers, ...raw }, (link) => {
        t.after(() => link.terminate());
        agent = new RawAgent(link);
      });
      return { ...knocked, agent: agent as RawAgent }; // attached before the response to the upgrade
    },
  };
}

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
    const { offer } = await openDoor(t, { links: { most: 10, maxOfOne: 2, spare: 0 }, names: { claim, check() {} } });
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

/** Whether a link stays open: it acknowledges a PING, while the others are closed. */
async function isLeft(link: Knocked['link']): Promise<boolean> {
  if (link.readyState !== link.OPEN) return false;
  const answered = deferred<boolean>();
  link.once('close', () => answered.resolve(false));
  link.on('message', (message: Buffer) => {
    if (message.includes(Buffer.from([0, 0, 8, FRAME.ping, ACK]))) answered.resolve(true);
  });
  link.send(Buffer.concat([Buffer.from([0, 0, 8, FRAME.ping, 0, 0, 0, 0, 0]), Buffer.alloc(8)]));
  return answered.promise;
}
