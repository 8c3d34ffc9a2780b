/** An edge that admits agents, and nothing else of an edge. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { TestContext } from 'node:test';
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
import { createToken } from '../../../../src/link/token.js';
import { MemoryStore } from '../../../../src/store/memory.js';
import { deferred } from '../../../support/deferred.js';
import { type Knocked, knock, type RawOffer } from '../../../support/knock.js';
import { ACK, FRAME, RawAgent } from '../../../support/raw-peer.js';

const SECRETS = ['a secret of thirty-two bytes or more'];
const BASE = readBaseAddress('http://localhost') ?? assert.fail();
export const FULL = { status: 503, code: 'ERR_EDGE_FULL' };
export const TAKEN = { status: 409, code: 'ERR_NAME_TAKEN' };

/** Names that belong to no owner: what then decides is the link. */
export const UNOWNED = { names: { claim: async () => {}, check: async () => {} } };

export interface Door {
  readonly registry: Registry;
  readonly admission: Admission;
  /** Offers a name, as the agent of an owner, from an address. */
  offer(
    name: string,
    from?: { owner?: string; address?: string } & Partial<RawOffer>,
  ): Promise<Knocked & { readonly agent: RawAgent }>;
}

export interface DoorOptions extends Partial<AdmitOptions> {
  /** How many there are, of which the others are away. */
  readonly nodes?: number;
}

export async function openDoor(t: TestContext, { nodes = 1, ...options }: DoorOptions = {}): Promise<Door> {
  const registry = new Registry();
  const revoked = options.revoked ?? new RevokedTokens(undefined, silentLog);
  const common = { base: BASE, policy: { ceiling: undefined, publicPermitted: false } };
  const places = new Places({
    directory: new MemoryDirectory(new DirectoryTable(), { id: 'node', peer: '', state: 'up' }),
    registry,
    read: (record) => tunnelOfRecord(record, common),
    peers: { open: () => assert.fail('no other node'), probe: () => assert.fail('no other node') },
    expected: nodes,
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

/** Whether a link stays open: it acknowledges a PING, while the others are closed. */
export async function isLeft(link: Knocked['link']): Promise<boolean> {
  if (link.readyState !== link.OPEN) return false;
  const answered = deferred<boolean>();
  link.once('close', () => answered.resolve(false));
  link.on('message', (message: Buffer) => {
    if (message.includes(Buffer.from([0, 0, 8, FRAME.ping, ACK]))) answered.resolve(true);
  });
  link.send(Buffer.concat([Buffer.from([0, 0, 8, FRAME.ping, 0, 0, 0, 0, 0]), Buffer.alloc(8)]));
  return answered.promise;
}
