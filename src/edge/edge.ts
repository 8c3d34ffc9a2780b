/** An edge: puts what it remembers together, listens, and stops in order. `compose.ts` has its inside. */
import { NO_OTHERS } from '../cluster/others.js';
import { PeerOthers } from '../cluster/peer-others.js';
import { addressText } from '../config/addresses.js';
import type { EdgeConfig } from '../config/edge-config.js';
import type { InheritedSocket } from '../config/endpoints.js';
import { ListenError } from '../config/listen-error.js';
import { classifyHost } from '../core/hostname.js';
import type { Log } from '../core/log.js';
import { onceATurn } from '../core/once-a-turn.js';
import { groupsOf } from '../core/rule.js';
import type { Store } from '../store/store.js';
import { RevokedTokens } from './agents/revoked-tokens.js';
import { compose } from './compose.js';
import { Front } from './front.js';
import { Registry, type Tunnel } from './gate/registry.js';
import { Revalidator } from './gate/revalidation.js';
import { EdgeMetrics } from './metrics.js';
import { type Beyond, Node, type Shared } from './node.js';
import { createAdminServer, type OutputHealth, type Status } from './ops/admin-server.js';
import { AuditSink } from './ops/audit-sink.js';
import type { EdgeEvent } from './ops/events.js';
import { LogSink } from './ops/log-sink.js';
import { Observer } from './ops/observer.js';
import { openTraces } from './ops/traces.js';
import { createProviders, warnAboutProviders } from './provider.js';
import { warnAboutNames } from './reachability.js';
import { openRemembered } from './remembered.js';
import { proxyCheck } from './request/client-address.js';
import { openStore } from './state.js';
import { Stopping } from './stopping.js';
import { listen, portOf } from './visitors/http1/listener.js';
import { ConnectionCount } from './visitors/listen/connection-count.js';

/** A running edge. */
export interface Edge {
  /** The base URL. */
  readonly url: string;
  /** The first port on which the front door listens; 0 when it listens on Unix sockets only. */
  readonly port: number;
  /** Every address on which it listens, as in `POSTERN_LISTEN`. */
  readonly addresses: readonly string[];
  /** 0 for a worker, which has no admin address. */
  readonly adminPort: number;
  /** What the admin address says. */
  readonly status: Status;
  /**
   * Stops: agents move to other nodes, if there are any; then no new connection, offer or tunnel; GOAWAY to the agents; running
   * requests have `POSTERN_DRAIN`. Resolves when everything is closed. A second call waits for the first.
   */
  close(): Promise<void>;
  /**
   * Before `close`, for a worker: its agents dial elsewhere while their links serve on, then its visitors come back on other
   * connections. No request is lost. Does nothing if there is no such node.
   */
  moveAway(beyond: Beyond): Promise<void>;
  /** Stops now. Running requests break. */
  destroy(): void;
  /** Reads the files of revoked tokens and of the certificate now. */
  reload(): void;
}

export interface EdgeOptions {
  readonly log: Log;
  /** The audit record: who signed in, who was let in or refused where, which tunnels came and went. */
  readonly audit: Log;
  /** What has become of both; absent when nothing can happen to them. */
  readonly health?: OutputHealth;
  /** The version of Postern, for metrics and traces. */
  readonly version?: string;
  /** Absent for an edge that is alone. */
  readonly shared?: Shared;
  /** The sockets that were open when the process began, for `systemd` and `fd:` in `POSTERN_LISTEN`. */
  readonly inherited?: readonly InheritedSocket[];
}

/**
 * Starts an edge. Rejects with a `ListenError` when an address cannot be listened on, and with `ERR_CONFIG_INVALID` when the
 * state folder cannot be used; nothing is left half-open.
 */
export async function startEdge(config: EdgeConfig, options: EdgeOptions): Promise<Edge> {
  const store = options.shared?.store ?? (await openStore(config, options.log));
  try {
    return await startOn(store, config, options);
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function startOn(store: Store, config: EdgeConfig, options: EdgeOptions): Promise<Edge> {
  const { log, audit, health, inherited = [], version = 'unknown', shared } = options;
  const connections = new ConnectionCount(proxyCheck(config.trustProxy));
  const revalidator = new Revalidator({ uploadIdleMs: config.uploadIdleMs, isCrowded: () => connections.isCrowded });
  const providers = createProviders(config, log);
  const peers = config.peer && new PeerOthers();
  const others = peers ?? shared?.others ?? NO_OTHERS;
  const remembered = await openRemembered(config, { store, providers, revalidator, others });
  const { grace, ended, endedAccounts, endedTokens, sharing, names } = remembered;
  const alsoNamed = groupsOf([...(config.allow ?? []), ...config.admins, ...(config.agents ?? [])]);
  const registry = new Registry(alsoNamed, (policy, name) => sharing.grants.apply(policy, name));
  let observer: Observer | undefined;
  const node = await Node.open(config, {
    ...{ store, shared, others: peers, registry, log },
    changed: (tunnel) => observer?.emit(changeOf(tunnel)),
  });
  const { places } = node;
  const isRecording = () => !config.auditRequired || health === undefined || health.isRecording();
  let closing: Promise<void> | undefined;
  const isReady = () => {
    if (closing !== undefined) return 'draining';
    if (grace.isOver) return 'the store was away for too long';
    return isRecording() || 'the audit cannot be written';
  };
  const { feed, presence, visitorSignIns } = sharing;
  const state = {
    store: shared?.store ? undefined : store,
    registry: places,
    nodes: node.counts,
    revalidator,
    presence,
    connections,
  };
  let front: Front | undefined;
  const certificates = {
    get notAfterMs() {
      return front?.firstNotAfterMs;
    },
    get failing() {
      return front?.failingCertificates;
    },
  };
  const readiness = { isReady: () => isReady() === true, output: health };
  const metrics = new EdgeMetrics({ ...state, ...readiness, version, certificates });
  const traces = openTraces(config.traces, { version, log, metrics: metrics.metrics });
  const tunnels = { on: (event: EdgeEvent) => front?.on(event) };
  const sinks = [
    new LogSink(log),
    new AuditSink(audit),
    metrics.sink,
    feed,
    presence,
    visitorSignIns,
    sharing,
    tunnels,
  ];
  observer = new Observer(traces === undefined ? sinks : [...sinks, traces.tracer]);
  const revoked = new RevokedTokens(config.revokedTokens, log, endedTokens);
  const { admission, requests, http2, closeStreams, reviewStreams } = compose(config, {
    ...remembered,
    providers,
    store,
    others,
    registry,
    places,
    observer,
    metrics,
    tracer: traces?.tracer,
    revalidator,
    revoked,
    isRecording,
    log,
  });
  // A session or a token has ended, here or at another node: what is open with it ends in the same turn.
  const reviewAll = onceATurn(() => {
    void revalidator.review();
    reviewStreams();
  });
  for (const ends of [ended, endedAccounts, revoked]) ends.onChange(reviewAll);
  names.onClaim((owned) => void sharing.claimed(owned));
  names.keepRenewing(() => registry.online().map(({ name, policy }) => ({ name, owner: policy.owner })));

  const status: Status = {
    isReady,
    notes: () => [...(health?.notes() ?? []), ...grace.notes(), ...node.notes()],
    metrics: () => metrics.metrics.text(),
    serves: (host) => {
      const found = classifyHost(host, config.base);
      return found.kind === 'base' || (found.kind === 'tunnel' && registry.find(found.name) !== undefined);
    },
  };
  const admin = shared === undefined ? createAdminServer(status) : undefined;
  const release = () => {
    revalidator.close();
    metrics.close();
    observer?.close();
    revoked.close();
    remembered.close();
  };
  try {
    const handedOut = shared?.connections;
    front = await Front.open(config, { inherited, handedOut, requests, http2, observer, connections, store, log });
    for (const tunnel of registry.online()) front.on(changeOf(tunnel)); // those of other nodes need certificates, too
    if (admin !== undefined)
      await listen(admin, config.adminListen).catch((error: unknown) => {
        throw new ListenError('POSTERN_ADMIN_LISTEN', addressText(config.adminListen), error);
      });
  } catch (error) {
    void front?.close();
    admission.destroy(); // those that came while it started
    release();
    await node.close();
    await traces?.close();
    throw error;
  }

  void warnAboutNames(config, log);
  void warnAboutProviders(providers, config, log); // the edge is up meanwhile: existing sessions need no provider

  const stopping = new Stopping({
    ...{ node, admission, requests, front, admin, store, closeStreams, log, drainMs: config.drainMs },
    release: async () => {
      release();
      await traces?.close();
    },
  });
  return {
    url: config.base.origin,
    port: front.port,
    addresses: front.addresses,
    adminPort: admin === undefined ? 0 : portOf(admin),
    status,
    close: () => {
      closing ??= stopping.stop();
      return closing;
    },
    destroy: () => stopping.destroy(),
    moveAway: (beyond) => stopping.moveAway(beyond),
    reload: () => {
      revoked.reload();
      front.reload();
    },
  };
}

function changeOf({ name, policy, link }: Tunnel): EdgeEvent {
  return { kind: 'tunnel-changed', tunnel: name, owner: policy.owner, isOnline: link !== undefined };
}
