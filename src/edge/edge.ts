/**
 * An edge: composes the front door from its parts, listens, and stops in order. Everything is built here and passed
 * on as arguments; no part finds another by itself.
 */
import { Assertions } from '../auth/identity/assertion.js';
import type { Identity } from '../auth/identity/identity.js';
import { decide, matchesRules } from '../auth/identity/policy.js';
import type { Providers } from '../auth/providers/providers.js';
import { Nonces } from '../auth/session/nonce.js';
import { NO_OWNER } from '../auth/session/session.js';
import { Sessions } from '../auth/session/sessions.js';
import { SignOutReferences } from '../auth/session/sign-out-reference.js';
import { Tickets } from '../auth/session/ticket.js';
import { Transactions } from '../auth/session/transaction.js';
import type { EdgeConfig } from '../config/edge-config.js';
import type { Log } from '../core/log.js';
import { groupsOf } from '../core/rule.js';
import type { PosternError } from '../errors.js';
import { Redemptions } from '../store/redemptions.js';
import { Revocations } from '../store/revocations.js';
import type { Store } from '../store/store.js';
import { Admission } from './agents/admission.js';
import { AgentTokens } from './agents/agent-tokens.js';
import { Names } from './agents/names.js';
import { RevokedTokens } from './agents/revoked-tokens.js';
import { createApi } from './api/api.js';
import { Callers } from './api/caller.js';
import { Forwarder } from './forward/forwarder.js';
import { createGate } from './gate/gate.js';
import { Registry } from './gate/registry.js';
import { Revalidator } from './gate/revalidation.js';
import { createAgentOAuth } from './oauth/routes.js';
import { createAdminServer, type OutputHealth } from './ops/admin-server.js';
import { AuditSink } from './ops/audit-sink.js';
import { LogSink } from './ops/log-sink.js';
import { Observer } from './ops/observer.js';
import { Decisions } from './people/decisions.js';
import { Portal } from './portal/portal.js';
import { createProviders, soleDomain, warnAboutProviders } from './provider.js';
import { addressReader, proxyCheck } from './request/client-address.js';
import * as limits from './request/limits.js';
import type { Visit } from './request/visit.js';
import { AccessRoutes } from './routes/access.js';
import { createApp } from './routes/app.js';
import { inviteRoutes } from './routes/invite.js';
import { SignIn } from './routes/sign-in.js';
import { SignOut } from './routes/sign-out.js';
import { createTunnelRefusal } from './routes/tunnel-refusal.js';
import { Sharing } from './sharing.js';
import { openStore } from './state.js';
import { FrontDoor } from './visitors/front-door.js';
import { ConnectionCount, closed, createVisitorServer, listen, portOf } from './visitors/http1/listener.js';
import { Http1Requests, serveWith } from './visitors/http1/requests.js';
import { visitOf } from './visitors/http1/visit.js';

/** A running edge. */
export interface Edge {
  /** The base URL. */
  readonly url: string;
  /** Where the front door listens. */
  readonly port: number;
  readonly adminPort: number;
  /**
   * Stops: no new connection, offer or tunnel; GOAWAY to the agents; running requests have thirty seconds. Resolves
   * when everything is closed. A second call waits for the first.
   */
  close(): Promise<void>;
  /** Stops now. Running requests break. */
  destroy(): void;
  /** Reads the file of revoked tokens now. */
  reload(): void;
}

export interface EdgeOptions {
  readonly log: Log;
  /** The audit record: who signed in, who was let in or refused where, which tunnels came and went. */
  readonly audit: Log;
  /** What has become of both; absent when nothing can happen to them. */
  readonly health?: OutputHealth;
}

const DISTRUSTED =
  'X-Forwarded-For of an address that is not trusted is not believed: if it is your reverse proxy, name it';

// How often a closing edge looks for connections that have become idle.
const SWEEP_MS = 100;

/**
 * Starts an edge. Rejects with the system's error when an address cannot be listened on, and with `ERR_CONFIG_INVALID` when the
 * state folder cannot be used; nothing is left half-open.
 */
export async function startEdge(config: EdgeConfig, options: EdgeOptions): Promise<Edge> {
  const store = await openStore(config.stateDir, config.base.scheme, options.log);
  try {
    return await startOn(store, config, options);
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function startOn(store: Store, config: EdgeConfig, { log, audit, health }: EdgeOptions): Promise<Edge> {
  const ended = new Revocations(store, 'ended-sign-in');
  const endedTokens = new Revocations(store, 'revoked-token');
  const connections = new ConnectionCount();
  const revalidator = new Revalidator({ uploadIdleMs: config.uploadIdleMs, isCrowded: () => connections.isCrowded });
  const sharing = new Sharing({ store, ceiling: config.allow, revalidator });
  const names = new Names({ store });
  await Promise.all([ended.ready, endedTokens.ready, sharing.ready, names.ready]);
  const alsoNamed = groupsOf([...(config.allow ?? []), ...config.admins, ...(config.agents ?? [])]);
  const registry = new Registry(alsoNamed, (policy, name) => sharing.grants.apply(policy, name));
  const observer = new Observer([new LogSink(log), new AuditSink(audit), sharing.feed, sharing.presence, sharing]);
  const revoked = new RevokedTokens(config.revokedTokens, log, endedTokens);
  const isRecording = () => !config.auditRequired || health === undefined || health.isRecording();
  const providers = createProviders(config, log);
  const { admission, requests, closeStreams } = compose(config, {
    providers,
    store,
    ended,
    names,
    registry,
    sharing,
    observer,
    revalidator,
    revoked,
    isRecording,
    log,
  });
  names.keepRenewing(() => registry.online().map(({ name, policy }) => ({ name, owner: policy.owner })));

  let closing: Promise<void> | undefined;
  const server = createVisitorServer(requests, observer, proxyCheck(config.trustProxy));
  connections.follow(server);
  const admin = createAdminServer(
    () => (closing !== undefined ? 'draining' : isRecording() || 'the audit cannot be written'),
    () => health?.notes() ?? [],
  );
  const release = () => {
    revalidator.close();
    observer.close();
    revoked.close();
    names.close();
    endedTokens.close();
    ended.close();
    sharing.close();
  };
  try {
    await listen(server, config.listen);
    await listen(admin, config.adminListen);
  } catch (error) {
    server.close();
    release();
    throw error;
  }

  void warnAboutProviders(providers, log); // the edge is up meanwhile: existing sessions need no provider

  const destroy = () => {
    admission.destroy();
    server.closeAllConnections();
    admin.closeAllConnections();
  };
  const stop = async () => {
    closeStreams();
    const stopped = Promise.all([closed(server), admission.drain()]);
    const late = setTimeout(destroy, limits.DRAIN_MS);
    // A connection whose request has just finished is idle only now, and would otherwise be kept alive.
    const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
    await stopped;
    clearTimeout(late);
    clearInterval(sweep);
    // Last, so that `/readyz` says what is going on for as long as something is.
    const adminStopped = closed(admin);
    admin.closeAllConnections();
    await adminStopped;
    release();
    await store.close();
  };
  return {
    url: config.base.origin,
    port: portOf(server),
    adminPort: portOf(admin),
    close: () => {
      closing ??= stop();
      return closing;
    },
    destroy,
    reload: () => revoked.reload(),
  };
}

interface Parts {
  readonly log: Log;
  readonly providers: Providers;
  readonly store: Store;
  readonly ended: Revocations;
  readonly names: Names;
  readonly registry: Registry;
  readonly sharing: Sharing;
  readonly observer: Observer;
  readonly revalidator: Revalidator;
  readonly revoked: RevokedTokens;
  readonly isRecording: () => boolean;
}

function compose(
  config: EdgeConfig,
  { providers, store, ended, names, registry, sharing, observer, revalidator, revoked, isRecording, log }: Parts,
) {
  const { base, secrets, allow: ceiling, publicPermitted } = config;
  const secure = base.scheme === 'https';
  const { issuers } = providers;
  const redemptions = new Redemptions(store);
  const sessions = new Sessions({
    secrets,
    issuers,
    ttlMs: config.sessionTtlMs,
    idleMs: config.sessionIdleMs,
    secure,
    ended,
    groupsAskedFor: () => registry.groups(),
  });
  const assertions = new Assertions({ secrets, issuer: base.origin });
  const policy = { ceiling, publicPermitted };
  const ownerOf = (name: string) => registry.find(name)?.ownerTag ?? NO_OWNER;
  const signIn = new SignIn({
    base,
    providers,
    sessions,
    tickets: new Tickets({ secrets, issuers, redemptions }),
    nonces: new Nonces(secrets),
    transactions: new Transactions({ secrets, secure, redemptions }),
    limit: new limits.AttemptLimit('sign-in'),
    observer,
    domainHint: soleDomain(ceiling),
    isAdmitted: ({ identity }, name) => {
      const tunnel = registry.find(name);
      return tunnel !== undefined && decide(tunnel.policy, identity).allow;
    },
    ownerOf,
  });
  const references = new SignOutReferences(secrets);
  const signOut = new SignOut({ base, providers, sessions, references, observer });
  const tokens = new AgentTokens(secrets, revoked);
  const admission = new Admission({
    ...{ base, tokens, policy, registry, names, revoked, observer },
    permits: config.permits,
  });
  const accessTokens = config.permits.accessTokens ? sharing.accessTokens : undefined;
  const gate = createGate({ base, sessions, registry, ceiling, accessTokens });
  const replyWithError = (visit: Visit, error: PosternError) => door.replyWithError(visit, error);
  const exchanges = { gate, observer, revalidator, replyWithError };
  const parts = { base, sessions, assertions, registry, signIn, signOut, observer };
  const renewals = new limits.AttemptLimit('renewal');
  const oauth = createAgentOAuth({
    ...{ base, store, secrets, sessions, observer, revoked },
    agents: config.agents,
    ttlMs: config.agentTtlMs,
  });
  const callers = new Callers({ ...parts, tokens, admins: config.admins });
  const decisions = new Decisions({ ...sharing, observer });
  const managing = { ...parts, ...sharing, callers, decisions };
  const api = createApi({ ...managing, permits: config.permits });
  const portal = new Portal({ ...managing, signIns: oauth.signIns });
  const access = new AccessRoutes({ ...parts, ...sharing, ceiling, limit: new limits.AttemptLimit('knock') });
  const invite = inviteRoutes({ ...parts, ...sharing, ceiling, limit: new limits.AttemptLimit('wrong-invite') });
  const manages = (identity: Identity) =>
    registry.ownedBy(identity.email).length > 0 || matchesRules(config.admins, identity);
  const app = createApp({
    ...parts,
    manages,
    api: [...api.routes, ...access.table, ...invite, ...oauth.routes, ...portal.table],
    visitOf,
    replyWithError,
  });
  const door: FrontDoor = new FrontDoor({
    base,
    gate,
    forwarder: new Forwarder({ ...exchanges, base, sessions, assertions }),
    observer,
    admission,
    isRecording,
    refusal: createTunnelRefusal({ ...parts, renewals, badTokens: new limits.AttemptLimit('bad-access-token') }),
    routes: (visit) => serveWith(app, visit),
  });
  const addressOf = addressReader(config.trustProxy, (address) =>
    log.warn({ address, option: 'POSTERN_TRUST_PROXY' }, DISTRUSTED),
  );
  sharing.connect(registry);
  const closeStreams = () => {
    api.close();
    access.close();
  };
  return { closeStreams, admission, requests: new Http1Requests({ base, door, observer, addressOf }) };
}
