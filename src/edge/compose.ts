/** Composes the inside of an edge: sign-in, gate, forwarding, routes, admission. Everything is passed as arguments. */
import { Assertions } from '../auth/identity/assertion.js';
import type { Providers } from '../auth/providers/providers.js';
import type { EndedAccounts } from '../auth/session/ended-accounts.js';
import { Sessions } from '../auth/session/sessions.js';
import { SignOutReferences } from '../auth/session/sign-out-reference.js';
import type { Others } from '../cluster/others.js';
import type { EdgeConfig } from '../config/edge-config.js';
import type { Log } from '../core/log.js';
import type { PosternError } from '../errors.js';
import { Redemptions } from '../store/redemptions.js';
import type { Revocations } from '../store/revocations.js';
import type { Store } from '../store/store.js';
import { Admission } from './agents/admission.js';
import { AgentTokens } from './agents/agent-tokens.js';
import type { Names } from './agents/names.js';
import { onlineEverywhere } from './agents/online.js';
import type { Places } from './agents/places.js';
import type { RevokedTokens } from './agents/revoked-tokens.js';
import type { SeenTokens } from './agents/seen-tokens.js';
import { Administration } from './api/administration.js';
import { AgentCredentials } from './api/agent-credentials.js';
import { createApi } from './api/api.js';
import { Callers } from './api/caller.js';
import { createVisitorClients } from './clients/visitor-clients.js';
import { composeSignIn } from './compose-sign-in.js';
import { Forwarder } from './forward/forwarder.js';
import type { AccessTokenCheck } from './gate/credentials.js';
import { createGate } from './gate/gate.js';
import type { Registry } from './gate/registry.js';
import type { Revalidator } from './gate/revalidation.js';
import type { EdgeMetrics } from './metrics.js';
import { createAgentOAuth } from './oauth/routes.js';
import type { Observer } from './ops/observer.js';
import type { Tracer } from './ops/tracer.js';
import { Decisions } from './people/decisions.js';
import { clientsPage } from './portal/clients-page.js';
import { PeoplePage } from './portal/people-page.js';
import { Portal } from './portal/portal.js';
import { AttemptLimit } from './request/attempts.js';
import { addressReader, proxyCheck } from './request/client-address.js';
import type { Visit } from './request/visit.js';
import { AccessRoutes } from './routes/access.js';
import { createApp } from './routes/app.js';
import { backchannelLogoutRoutes } from './routes/backchannel-logout.js';
import { inviteRoutes } from './routes/invite.js';
import { SignOut } from './routes/sign-out.js';
import { createTunnelRefusal } from './routes/tunnel-refusal.js';
import { VisitLimit } from './routes/visit-limit.js';
import type { Sharing } from './sharing.js';
import type { StoreGrace } from './store-grace.js';
import { FrontDoor } from './visitors/front-door.js';
import { Http1Requests } from './visitors/http1/requests.js';
import { Http2Connections } from './visitors/http2/connections.js';
import { serveWith } from './visitors/pages.js';
import { visitOf } from './visitors/visit-of.js';

const DISTRUSTED =
  'X-Forwarded-For of an address that is not trusted is not believed: if it is your reverse proxy, name it';

/** What an edge has before it serves anyone. */
export interface Parts {
  readonly others: Others;
  readonly log: Log;
  readonly providers: Providers;
  readonly store: Store;
  readonly grace: StoreGrace;
  readonly ended: Revocations;
  readonly endedAccounts: EndedAccounts;
  readonly names: Names;
  readonly registry: Registry;
  readonly places: Places;
  readonly sharing: Sharing;
  readonly observer: Observer;
  readonly metrics: EdgeMetrics;
  /** Undefined where no request is traced. */
  readonly tracer: Tracer | undefined;
  readonly revalidator: Revalidator;
  readonly revoked: RevokedTokens;
  readonly seenTokens: SeenTokens;
  readonly isRecording: () => boolean;
}

/**
 * Composes what serves visitors and agents from these parts. `closeStreams` ends the streams of events; `reviewStreams` ends
 * those of sessions and tokens that count no more.
 */
export function compose(config: EdgeConfig, edgeParts: Parts) {
  const { providers, store, ended, names, registry, sharing, observer, metrics, tracer, revalidator } = edgeParts;
  const { revoked, seenTokens, isRecording, log, endedAccounts, grace, places, others } = edgeParts;
  const { base, secrets, allow: ceiling, publicPermitted } = config;
  const secure = base.scheme === 'https';
  const { issuers } = providers;
  const redemptions = new Redemptions(store);
  const { counters } = store;
  const sessions = new Sessions({
    secrets,
    issuers,
    ttlMs: config.sessionTtlMs,
    clientTtlMs: config.clientTtlMs,
    idleMs: config.sessionIdleMs,
    secure,
    ended,
    endedAccounts,
    checkEnded: grace.check,
    groupsAskedFor: () => registry.groups(),
  });
  const assertions = new Assertions({ secrets, issuer: base.origin });
  const policy = { ceiling, publicPermitted };
  const signIn = composeSignIn(config, {
    ...{ providers, ended, redemptions, sessions, registry, observer, counters },
    checkStore: grace.checkPresence,
  });
  const references = new SignOutReferences(secrets);
  const signOut = new SignOut({ base, providers, sessions, references, observer });
  const tokens = new AgentTokens(secrets, revoked, seenTokens, counters);
  const admission = new Admission({
    ...{ base, tokens, policy, places, names, revoked, observer },
    permits: config.permits,
    traffic: metrics.links,
  });
  const accessTokens = config.permits.accessTokens ? sharing.accessTokens : undefined;
  const gate = createGate({
    base,
    sessions,
    registry,
    ceiling,
    accessTokens: accessTokens && whileKnown(accessTokens, grace),
    clientTokens: sharing.clientSignIns,
    others,
  });
  const replyWithError = (visit: Visit, error: PosternError) => door.replyWithError(visit, error);
  const judgeAgain = async (visit: Visit) => {
    if (visit.place.kind === 'tunnel') await places.refresh(visit.place.name);
    return gate(visit);
  };
  const exchanges = { gate, judgeAgain, observer, revalidator, traffic: metrics.traffic, replyWithError };
  const callbackPaths = providers.all.map(({ callbackPath }) => callbackPath);
  const parts = { base, sessions, assertions, registry, signIn, signOut, callbackPaths, observer };
  const renewals = new AttemptLimit('renewal'); // against loops, for which an edge is enough
  const visitorClients = createVisitorClients({
    ...{ base, store, secrets, sessions, registry, observer },
    signIns: sharing.clientSignIns,
    ttlMs: config.clientTtlMs,
    registration: config.clientRegistration,
  });
  const oauth = createAgentOAuth({
    ...{ base, store, secrets, sessions, providers, observer, revoked },
    agents: config.agents,
    ttlMs: config.agentTtlMs,
    clients: visitorClients.clients,
  });
  const { signIns } = oauth;
  const identityOf = async (owner: string, id: string) => {
    const identity = await signIns.identityOf(owner, id);
    return identity && providers.recheck(identity);
  };
  const callers = new Callers({ ...parts, tokens, admins: config.admins, identityOf, counters });
  const online = onlineEverywhere(admission, others);
  const credentials = new AgentCredentials({ signIns, seenTokens, revoked, online, observer });
  const decisions = new Decisions({ ...sharing, observer });
  const { everyone, visitorSignIns } = sharing;
  const administration = new Administration({
    ...{ sessions, visitorSignIns, endedAccounts, everyone, credentials, observer },
    clientSignIns: sharing.clientSignIns,
  });
  const managing = { ...parts, ...sharing, callers, decisions, credentials, administration };
  const api = createApi({ ...managing, providers, endedAccounts, permits: config.permits });
  const portal = new Portal(managing);
  const people = new PeoplePage(managing);
  const access = new AccessRoutes({
    ...parts,
    ...sharing,
    ceiling,
    limit: new AttemptLimit('knock', { counters }),
  });
  const logout = backchannelLogoutRoutes({
    ...{ providers, sessions, endedAccounts, everyone, redemptions, observer },
    limit: new AttemptLimit('bad-logout-token', { counters }),
  });
  const invite = inviteRoutes({ ...parts, ...sharing, ceiling, limit: new VisitLimit('wrong-invite', counters) });
  const app = createApp({
    ...parts,
    manages: (identity) => {
      const caller = callers.ofIdentity(identity);
      return caller !== undefined && (caller.isAdmin || callers.tunnels(caller).length > 0);
    },
    hasApps: (identity) => {
      const caller = callers.ofIdentity(identity);
      return caller !== undefined && sharing.clientSignIns.ofPerson(caller.email).length > 0;
    },
    api: [
      ...api.routes,
      ...access.table,
      ...invite,
      ...logout,
      ...oauth.routes,
      ...visitorClients.routes,
      ...portal.table,
      ...clientsPage(managing),
      ...people.table,
    ],
    visitOf,
    replyWithError,
  });
  const door: FrontDoor = new FrontDoor({
    base,
    gate,
    forwarder: new Forwarder({ ...exchanges, base, sessions, assertions, tracer }),
    observer,
    admission,
    isRecording,
    tracer,
    refusal: createTunnelRefusal({
      ...parts,
      renewals,
      badTokens: new AttemptLimit('bad-access-token', { counters }),
    }),
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
  const reviewStreams = () => {
    api.review();
    access.review();
  };
  return {
    closeStreams,
    reviewStreams,
    admission,
    requests: new Http1Requests({ base, door, observer, addressOf }),
    http2: new Http2Connections({ base, door, observer, addressOf, isProxy: proxyCheck(config.trustProxy) }),
  };
}

/** Access tokens that may have been revoked elsewhere meanwhile count no longer than sessions do. */
function whileKnown(tokens: AccessTokenCheck, { check }: StoreGrace): AccessTokenCheck {
  return {
    nameOf: (tunnel, text) => {
      const name = tokens.nameOf(tunnel, text);
      if (name !== undefined) check();
      return name;
    },
  };
}
