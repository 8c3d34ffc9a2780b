/** Nodes of an edge in one process, linked over Unix sockets, with real agents behind them. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { peerIdentity } from '../../../src/cluster/peer-handshake.js';
import { Peers } from '../../../src/cluster/peers.js';
import type { TunnelLink } from '../../../src/cluster/relay.js';
import { silentLog } from '../../../src/core/log.js';
import type { OpenOptions, OutboundObserver, OutboundStream, RequestHead } from '../../../src/http/exchange.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { CERTIFICATE_PATH, KEY_PATH } from '../../support/tls-front.js';

export const SECRET = 'a secret of thirty-two bytes or more';
export const EPOCH = 7;

/** Any will do: nobody checks it. */
export const PEER_CERTIFICATE = { cert: readFileSync(CERTIFICATE_PATH, 'utf8'), key: readFileSync(KEY_PATH, 'utf8') };

export interface Owner {
  readonly path: string;
  readonly peers: Peers;
  /** The connections that have come. */
  readonly sockets: Socket[];
}

/** The node of an agent, which listens. It has a link of `demo`, of `EPOCH`. */
export async function openOwner(
  t: TestContext,
  link: TunnelLink,
  secrets: readonly string[] = [SECRET],
): Promise<Owner> {
  const path = join(temporaryFolder('peer'), 'owner.sock');
  const peers = new Peers({
    identity: peerIdentity('owner', secrets),
    nodeOf: () => undefined,
    own: {
      linkOf: (tunnel, epoch) => (tunnel === 'demo' && epoch === EPOCH ? link : undefined),
      probe: async (tunnel) => tunnel === 'demo',
    },
    log: silentLog,
  });
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    peers.accept(socket);
  });
  server.listen(path);
  await once(server, 'listening');
  t.after(() => {
    peers.destroy();
    server.close();
  });
  return { path, peers, sockets };
}

/** The node where requests come in. */
export function openIngress(t: TestContext, path: string, secrets: readonly string[] = [SECRET]): Peers {
  const peers = new Peers({
    identity: peerIdentity('ingress', secrets),
    nodeOf: (id) => (id === 'gone' ? undefined : { id, peer: `unix:${path}`, state: 'up' }),
    own: { linkOf: () => undefined, probe: async () => false },
    log: silentLog,
  });
  t.after(() => peers.destroy());
  return peers;
}

/** The way to `demo` at the owner, as a link that a test asks. */
export function wayTo(peers: Peers, { node = 'owner', tunnel = 'demo', epoch = EPOCH } = {}): TunnelLink {
  return {
    draining: new AbortController().signal,
    running: 0,
    open: (head: RequestHead, options: OpenOptions, observer: OutboundObserver): OutboundStream =>
      peers.open(node, { tunnel, epoch, party: options.party, head }, options, observer),
  };
}
