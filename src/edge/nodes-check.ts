/**
 * What would prevent several edges from being one, as far as a configuration that is not running can tell: the store that they share,
 * where this one listens for the others, what they dial, and those that run. Each finding is a sentence.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ClusterNode } from '../cluster/directory.js';
import { dialPeer } from '../cluster/peer-dial.js';
import { type PeerIdentity, peerIdentity, receivePeer } from '../cluster/peer-handshake.js';
import { PeerListener, type PeerListenOptions } from '../cluster/peer-listener.js';
import { LEASE_BEAT_MS } from '../cluster/store-directory.js';
import { NODE_PREFIX, readLease } from '../cluster/store-records.js';
import type { ListenAddress } from '../config/addresses.js';
import type { EdgeConfig } from '../config/edge-config.js';
import type { PeerConfig } from '../config/peer-options.js';
import { silentLog } from '../core/log.js';
import { asPosternError } from '../errors.js';
import type { Store } from '../store/store.js';
import { createSelfSigned } from './acme/x509.js';
import { codeOf, listenFinding, lookupAll, type NameCheck, withTimeout } from './reachability.js';

type NodeConfig = Pick<EdgeConfig, 'peer' | 'workers' | 'secrets' | 'store'>;

const LOOKUP_MS = 3_000;
const PATIENCE_MS = 5_000;
const CERTIFICATE_MS = 3_600_000;

// A node that lives has written its key again by then.
const BEAT_AND_MORE_MS = LEASE_BEAT_MS + 1_000;

// The name of this check to itself, and to the nodes that it asks.
const SELF = 'config-check';

/** Listens for other nodes for a moment, looks up what they dial, and dials it. */
export async function checkPeer(
  config: NodeConfig,
  lookup: Required<NameCheck>['lookup'] = lookupAll,
): Promise<readonly string[]> {
  const { peer } = config;
  if (peer === undefined) return [];
  const { listen, url } = peer;
  const found = url && (await withTimeout(lookup(url.host), LOOKUP_MS).catch((error: unknown) => codeOf(error)));
  if (typeof found !== 'string') return checkPeerPorts(peer, config);
  const unknown = `POSTERN_PEER_URL: ${url?.host} cannot be looked up (${found})`;
  return [unknown, ...(await checkPeerPorts({ listen, url: undefined }, config))];
}

/** Opens the store that edges share, and looks at those that run. */
export async function checkStore(config: NodeConfig): Promise<readonly string[]> {
  if (config.store === undefined) return [];
  const { RedisStore } = await import('../store/redis/store.js'); // here: most edges have none
  const findings: string[] = [];
  const log = { ...silentLog, warn: (_: object, text: string) => void findings.push(`POSTERN_STORE_URL: ${text}`) };
  try {
    const store = await RedisStore.open(config.store, { log, patienceMs: PATIENCE_MS });
    findings.push(...(await checkNodes(store, config).finally(() => store.close())));
    return findings;
  } catch (error) {
    return [`POSTERN_STORE_URL: ${asPosternError(error).message}`];
  }
}

/** Those of a store that run. A node that cannot be reached from here is one that this edge would not reach. */
async function checkNodes(store: Store, { peer, secrets }: NodeConfig): Promise<string[]> {
  await store.get(`${NODE_PREFIX}${SELF}`); // a reply behind those about the clock and the state of the server
  if (peer === undefined) return [];
  const nodes = await liveNodes(store);
  const found = await Promise.all(
    nodes.map(async ({ id, peer: address }) => {
      const problem = await whyUnreachable(address, peerIdentity(SELF, secrets), id);
      return problem === undefined
        ? []
        : [
            `another edge of the store cannot be reached from here at ${address} (${problem}): expected one with the same POSTERN_SECRET`,
          ];
    }),
  );
  return found.flat();
}

async function liveNodes(store: Store): Promise<ClusterNode[]> {
  const read = async () => (await store.list(NODE_PREFIX)).flatMap((entry) => readLease(entry) ?? []);
  const before = new Map((await read()).map(({ node, beat }) => [node.id, beat]));
  if (before.size === 0) return [];
  await delay(BEAT_AND_MORE_MS);
  return (await read())
    .filter(({ node, beat }) => before.has(node.id) && before.get(node.id) !== beat)
    .map(({ node }) => node);
}

/** Each worker has a port of its own. */
async function checkPeerPorts(peer: PeerConfig, { workers, secrets }: NodeConfig): Promise<readonly string[]> {
  const certificate = await createSelfSigned('postern-peer', CERTIFICATE_MS);
  const findings: string[] = [];
  for (let worker = 0; worker < workers; worker++) {
    const at = { listen: nth(peer.listen, worker), url: peer.url && nth(peer.url, worker) };
    const finding = await checkPeerPort({ ...at, worker: 0, workers: 1, certificate }, peerIdentity(SELF, secrets));
    if (finding !== undefined) findings.push(finding);
  }
  return findings;
}

function nth({ host, port }: ListenAddress, worker: number): ListenAddress {
  return { host, port: port === 0 ? 0 : port + worker };
}

async function checkPeerPort(at: PeerListenOptions, identity: PeerIdentity): Promise<string | undefined> {
  try {
    const listener = await PeerListener.open(at, (socket, tls) => {
      tls
        .accept(socket)
        .then((secure) => receivePeer(secure, identity))
        .catch(() => {}) // the half that dialled says why
        .finally(() => socket.destroy());
    });
    const problem = at.url && (await whyUnreachable(listener.address, identity, SELF));
    listener.close();
    return problem && `POSTERN_PEER_URL: ${listener.address} does not lead here, as seen from here (${problem})`;
  } catch (error) {
    return listenFinding(error);
  }
}

/** Undefined for a node that can be reached. */
async function whyUnreachable(address: string, identity: PeerIdentity, id: string): Promise<string | undefined> {
  try {
    (await dialPeer(address, identity, id)).destroy();
    return undefined;
  } catch (error) {
    return asPosternError(error).message;
  }
}
