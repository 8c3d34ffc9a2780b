/** Composes what people and programs manage an edge with, of which `compose.ts` is given the parts: API, pages, sign-in of agents and clients. */
import type { Assertions } from '../auth/identity/assertion.js';
import type { Identity } from '../auth/identity/identity.js';
import type { Sessions } from '../auth/session/sessions.js';
import type { EdgeConfig } from '../config/edge-config.js';
import type { BaseAddress } from '../core/hostname.js';
import type { Redemptions } from '../store/redemptions.js';
import type { Admission } from './agents/admission.js';
import type { AgentTokens } from './agents/agent-tokens.js';
import { onlineEverywhere } from './agents/online.js';
import { Administration } from './api/administration.js';
import { AgentCredentials } from './api/agent-credentials.js';
import { createApi } from './api/api.js';
import { Callers } from './api/caller.js';
import { createVisitorClients } from './clients/visitor-clients.js';
import type { Registry } from './gate/registry.js';
import { createAgentOAuth } from './oauth/routes.js';
import type { Observer } from './ops/observer.js';
import type { Parts } from './parts.js';
import { Decisions } from './people/decisions.js';
import { clientsPage } from './portal/clients-page.js';
import { PeoplePage } from './portal/people-page.js';
import { Portal } from './portal/portal.js';
import { AttemptLimit } from './request/attempts.js';
import { AccessRoutes } from './routes/access.js';
import { backchannelLogoutRoutes } from './routes/backchannel-logout.js';
import { inviteRoutes } from './routes/invite.js';
import type { RouteTable } from './routes/route.js';
import type { SignIn } from './routes/sign-in.js';
import type { SignOut } from './routes/sign-out.js';
import { VisitLimit } from './routes/visit-limit.js';

/** What is composed before: the sign-in of visitors, and the admission of agents. */
export interface ManagementParts {
  readonly base: BaseAddress;
  readonly sessions: Sessions;
  readonly assertions: Assertions;
  readonly registry: Registry;
  readonly signIn: SignIn;
  readonly signOut: SignOut;
  readonly callbackPaths: readonly string[];
  readonly observer: Observer;
  readonly tokens: AgentTokens;
  readonly admission: Admission;
  readonly redemptions: Redemptions;
}

export interface Management {
  readonly routes: RouteTable;
  /** Whether this identity may see the pages on which tunnels are managed. */
  readonly manages: (identity: Identity) => boolean;
  /** Whether apps have access in the name of this identity. */
  readonly hasApps: (identity: Identity) => boolean;
  /** Ends the streams of events. */
  readonly closeStreams: () => void;
  /** Ends those of sessions and tokens that count no more. */
  readonly reviewStreams: () => void;
}

/** The routes, and who may see the pages behind them. */
export function composeManagement(config: EdgeConfig, edgeParts: Parts, composed: ManagementParts): Management {
  const { providers, store, sharing, revoked, seenTokens, endedAccounts, others } = edgeParts;
  const { tokens, admission, redemptions, ...parts } = composed;
  const { base, sessions, registry, observer } = parts;
  const { secrets, allow: ceiling } = config;
  const { counters } = store;
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
    ...{ providers, endedAccounts, everyone, redemptions, observer },
    limit: new AttemptLimit('bad-logout-token', { counters }),
  });
  const invite = inviteRoutes({ ...parts, ...sharing, ceiling, limit: new VisitLimit('wrong-invite', counters) });
  const manages = (identity: Identity) => {
    const caller = callers.ofIdentity(identity);
    return caller !== undefined && (caller.isAdmin || callers.tunnels(caller).length > 0);
  };
  const hasApps = (identity: Identity) => {
    const caller = callers.ofIdentity(identity);
    return caller !== undefined && sharing.clientSignIns.ofPerson(caller.email).length > 0;
  };
  const routes = [
    ...api.routes,
    ...access.table,
    ...invite,
    ...logout,
    ...oauth.routes,
    ...visitorClients.routes,
    ...portal.table,
    ...clientsPage(managing),
    ...people.table,
  ];
  const closeStreams = () => {
    api.close();
    access.close();
  };
  const reviewStreams = () => {
    api.review();
    access.review();
  };
  return { routes, manages, hasApps, closeStreams, reviewStreams };
}
