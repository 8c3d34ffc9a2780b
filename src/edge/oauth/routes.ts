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
import { PosternError } from '../../errors.js';
import type { Store } from '../../store/store.js';
import type { Observer } from '../ops/observer.js';
import { jsonReply } from '../replies/reply.js';
import { AttemptLimit } from '../request/limits.js';
import type { Reply, Visit } from '../request/visit.js';
import { checkCause } from '../routes/csrf.js';
import type { Route, RouteTable } from '../routes/route.js';
import { AgentSignIns, type TokenRevoker } from './agent-sign-ins.js';
import { Approvers, NO_AGENTS } from './approver.js';
import { AuthorizationCodes } from './authorization-codes.js';
import { Authorize } from './authorize.js';
import { Device } from './device.js';
import { DeviceCodes } from './device-codes.js';
import { OAuthError, oauthErrorReply } from './oauth-error.js';
import { OAuthSecrets } from './oauth-secrets.js';
import { DEVICE_GRANT, TokenEndpoint } from './token-endpoint.js';

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
}

/** The routes of the base host, and the sign-ins behind them. */
export interface AgentOAuth {
  readonly routes: RouteTable;
  readonly signIns: AgentSignIns;
}

export function createAgentOAuth(options: AgentOAuthOptions): AgentOAuth {
  const { base, store, secrets, observer, agents, ttlMs, revoked, sessions, providers } = options;
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
  const limit = new AttemptLimit('agent-sign-in');
  const authorize = new Authorize({ issuer, approvers, codes, limit });
  const device = new Device({
    approvers,
    codes: devices,
    observer,
    limit,
    wrongCodes: new AttemptLimit('wrong-code'),
    wrongCodesOfAddress: new AttemptLimit('wrong-code-of-address'),
  });
  const requests = new AttemptLimit('device-request');
  const tokens = new TokenEndpoint({ issuer, secrets, signIns, codes, devices, observer, limit: requests });

  function metadata(): Reply {
    if (agents === undefined) throw new PosternError('ERR_NOT_FOUND', 'POSTERN_AGENTS is not set', { text: NO_AGENTS });
    return jsonReply(metadataOf(issuer), { 'Cache-Control': 'public, max-age=300' });
  }

  /** For programs: every failure is JSON of OAuth, and no page of another origin causes a request. */
  function endpoint(respond: (visit: Visit) => Promise<Reply>): Route {
    return async (visit) => {
      try {
        if (agents === undefined) throw new OAuthError('unauthorized_client', NO_AGENTS);
        checkCause(visit, base.origin);
        return await respond(visit);
      } catch (thrown) {
        return oauthErrorReply(thrown);
      }
    };
  }

  const routes: RouteTable = [
    ['get', '/.well-known/oauth-authorization-server', metadata],
    ['get', '/oauth2/authorize', (visit) => authorize.ask(visit)],
    ['post', '/oauth2/authorize', (visit) => authorize.decide(visit)],
    ['get', '/device', (visit) => device.ask(visit)],
    ['post', '/device', (visit) => device.decide(visit)],
    ['post', '/oauth2/device_authorization', endpoint((visit) => tokens.authorizeDevice(visit))],
    ['post', '/oauth2/token', endpoint((visit) => tokens.token(visit))],
    ['post', '/oauth2/revoke', endpoint((visit) => tokens.revoke(visit))],
  ];
  return { routes, signIns };
}

function metadataOf(issuer: string): object {
  return {
    issuer,
    authorization_endpoint: `${issuer}/oauth2/authorize`,
    token_endpoint: `${issuer}/oauth2/token`,
    device_authorization_endpoint: `${issuer}/oauth2/device_authorization`,
    revocation_endpoint: `${issuer}/oauth2/revoke`,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token', DEVICE_GRANT],
    token_endpoint_auth_methods_supported: ['none'],
    revocation_endpoint_auth_methods_supported: ['none'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
  };
}
