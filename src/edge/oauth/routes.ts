/**
 * The edge as the authorization server of its agents (OAuth 2.0), above its own OpenID sign-in: metadata (RFC 8414) and the
 * routes of the base host.
 */
import type { Identity } from '../../auth/identity/identity.js';
import { matchesRules } from '../../auth/identity/policy.js';
import type { Providers } from '../../auth/providers/providers.js';
import type { Sessions } from '../../auth/session/sessions.js';
import type { BaseAddress } from '../../core/hostname.js';
import type { Rule } from '../../core/rule.js';
import type { Store } from '../../store/store.js';
import type { Observer } from '../ops/observer.js';
import { openPreflightReply, openToPages } from '../replies/open-to-pages.js';
import { jsonReply } from '../replies/reply.js';
import { AttemptLimit } from '../request/attempts.js';
import type { Reply, Visit } from '../request/visit.js';
import { checkCause } from '../routes/csrf.js';
import type { Route, RouteTable } from '../routes/route.js';
import { queryParam } from '../routes/session.js';
import { AgentSignIns, type TokenRevoker } from './agent-sign-ins.js';
import { Approvers, NO_AGENTS } from './approver.js';
import { AuthorizationCodes } from './authorization-codes.js';
import { Authorize } from './authorize.js';
import { CLIENT_ID } from './client.js';
import { Device } from './device.js';
import { DeviceCodes } from './device-codes.js';
import { OAuthError, oauthErrorReply } from './oauth-error.js';
import { OAuthSecrets } from './oauth-secrets.js';
import { type Parameters, readFormParameters } from './parameters.js';
import { DEVICE_GRANT, TokenEndpoint } from './token-endpoint.js';
import type { VisitorClients } from './visitor-clients.js';

export interface AgentOAuthOptions {
  readonly base: BaseAddress;
  readonly store: Store;
  /** Newest first. */
  readonly secrets: readonly string[];
  readonly sessions: Sessions;
  /** They may vouch for less than at the sign-in, or be gone. */
  readonly providers: Pick<Providers, 'recheck'>;
  readonly observer: Observer;
  readonly revoked: TokenRevoker;
  /** Who may sign agents in (`POSTERN_AGENTS`); undefined: no account may. */
  readonly agents: readonly Rule[] | undefined;
  /** Lifetime of access tokens. */
  readonly ttlMs: number;
  /** Every client but agents. */
  readonly clients: VisitorClients;
}

/** The routes of the base host, and the sign-ins behind them. */
export interface AgentOAuth {
  readonly routes: RouteTable;
  readonly signIns: AgentSignIns;
}

export function createAgentOAuth(options: AgentOAuthOptions): AgentOAuth {
  const { base, store, secrets, observer, agents, ttlMs, revoked, sessions, providers, clients } = options;
  const issuer = base.origin;
  const oauth = new OAuthSecrets(secrets);
  const admits = (identity: Identity) => {
    const current = providers.recheck(identity);
    return current !== undefined && matchesRules(agents ?? [], current);
  };
  const signIns = new AgentSignIns({ store, secrets, oauth, ttlMs, revoked, admits });
  const codes = new AuthorizationCodes({ store, oauth });
  const devices = new DeviceCodes({ store, oauth });
  const approvers = new Approvers({ base, sessions, admits: agents === undefined ? undefined : admits });
  const limit = new AttemptLimit('agent-sign-in', store);
  const authorize = new Authorize({ issuer, approvers, codes, limit });
  const device = new Device({
    approvers,
    codes: devices,
    observer,
    limit,
    wrongCodes: new AttemptLimit('wrong-code', store),
    wrongCodesOfAddress: new AttemptLimit('wrong-code-of-address', store),
  });
  const requests = new AttemptLimit('device-request', store);
  const tokens = new TokenEndpoint({ issuer, secrets, signIns, codes, devices, observer, limit: requests });

  const metadata = () =>
    openToPages(
      jsonReply(metadataOf(issuer, agents !== undefined, clients), { 'Cache-Control': 'public, max-age=300' }),
    );

  /** For agents: every failure is JSON of OAuth, and no page of another origin causes a request. */
  async function ofAgent(visit: Visit, respond: () => Promise<Reply>): Promise<Reply> {
    if (agents === undefined) throw new OAuthError('unauthorized_client', NO_AGENTS);
    checkCause(visit, base.origin);
    return respond();
  }

  /**
   * The endpoint of agents, and of other clients where `ofClient` is given: public ones, also in pages of any origin. These may
   * read what is wrong with any request that is not known to be of an agent.
   */
  function endpoint(
    ofAgents: (visit: Visit, parameters: Parameters) => Promise<Reply>,
    ofClient?: (visit: Visit, parameters: Parameters) => Promise<Reply>,
  ): Route {
    return async (visit) => {
      let isOpen = ofClient !== undefined;
      try {
        const parameters = await readFormParameters(visit);
        isOpen = ofClient !== undefined && parameters.get('client_id') !== CLIENT_ID;
        if (isOpen && ofClient !== undefined) return openToPages(await ofClient(visit, parameters));
        return await ofAgent(visit, () => ofAgents(visit, parameters));
      } catch (thrown) {
        return isOpen ? openToPages(oauthErrorReply(thrown)) : oauthErrorReply(thrown);
      }
    };
  }

  const authorizationOf = (visit: Visit) => (queryParam(visit, 'client_id') === CLIENT_ID ? authorize : clients);
  const openPreflight = () => openPreflightReply('POST');

  const routes: RouteTable = [
    ['get', '/.well-known/oauth-authorization-server', metadata],
    ['options', '/.well-known/oauth-authorization-server', () => openPreflightReply('GET, HEAD')],
    ['get', '/oauth2/authorize', (visit) => authorizationOf(visit).ask(visit)],
    ['post', '/oauth2/authorize', (visit) => authorizationOf(visit).decide(visit)],
    ['get', '/device', (visit) => device.ask(visit)],
    ['post', '/device', (visit) => device.decide(visit)],
    [
      'post',
      '/oauth2/device_authorization',
      endpoint((visit, parameters) => tokens.authorizeDevice(visit, parameters)),
    ],
    [
      'post',
      '/oauth2/token',
      endpoint(
        (visit, parameters) => tokens.token(visit, parameters),
        (visit, parameters) => clients.token(visit, parameters),
      ),
    ],
    [
      'post',
      '/oauth2/revoke',
      endpoint(
        (visit, parameters) => tokens.revoke(visit, parameters),
        (visit, parameters) => clients.revoke(visit, parameters),
      ),
    ],
    ['options', '/oauth2/token', openPreflight],
    ['options', '/oauth2/revoke', openPreflight],
  ];
  return { routes, signIns };
}

function metadataOf(issuer: string, hasAgents: boolean, { metadata }: VisitorClients): object {
  return {
    issuer,
    authorization_endpoint: `${issuer}/oauth2/authorize`,
    token_endpoint: `${issuer}/oauth2/token`,
    ...(hasAgents && { device_authorization_endpoint: `${issuer}/oauth2/device_authorization` }),
    revocation_endpoint: `${issuer}/oauth2/revoke`,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token', ...(hasAgents ? [DEVICE_GRANT] : [])],
    token_endpoint_auth_methods_supported: ['none'],
    revocation_endpoint_auth_methods_supported: ['none'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    ...metadata,
  };
}
