/** Composes the inside of an edge: sign-in, gate, forwarding, routes, admission. Everything is passed as arguments. */
import { Assertions } from '../auth/identity/assertion.js';
import { Sessions } from '../auth/session/sessions.js';
import { SignOutReferences } from '../auth/session/sign-out-reference.js';
import type { EdgeConfig } from '../config/edge-config.js';
import type { PosternError } from '../errors.js';
import { Redemptions } from '../store/redemptions.js';
import { Admission } from './agents/admission.js';
import { AgentTokens } from './agents/agent-tokens.js';
import { composeManagement } from './compose-management.js';
import { composeSignIn } from './compose-sign-in.js';
import { Forwarder } from './forward/forwarder.js';
import type { AccessTokenCheck } from './gate/credentials.js';
import { createGate } from './gate/gate.js';
import type { Parts } from './parts.js';
import { AttemptLimit } from './request/attempts.js';
import { addressReader, proxyCheck } from './request/client-address.js';
import type { Visit } from './request/visit.js';
import { createApp } from './routes/app.js';
import { SignOut } from './routes/sign-out.js';
import { createTunnelRefusal } from './routes/tunnel-refusal.js';
import type { StoreGrace } from './store-grace.js';
import { FrontDoor } from './visitors/front-door.js';
import { Http1Requests } from './visitors/http1/requests.js';
import { Http2Connections } from './visitors/http2/connections.js';
import { serveWith } from './visitors/pages.js';
import { visitOf } from './visitors/visit-of.js';

const DISTRUSTED =
  'X-Forwarded-For of an address that is not trusted is not believed: if it is your reverse proxy, name it';

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
  const management = composeManagement(config, edgeParts, { ...parts, tokens, admission, redemptions });
  const { routes, manages, hasApps, closeStreams, reviewStreams } = management;
  const app = createApp({ ...parts, manages, hasApps, api: routes, visitOf, replyWithError });
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
