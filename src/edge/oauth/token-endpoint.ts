/** The endpoints that agents call: token (RFC 6749 section 3.2), device authorization (RFC 8628) and revocation (RFC 7009). */

import { PosternError } from '../../errors.js';
import { verifyToken } from '../../link/token.js';
import type { Observer } from '../ops/observer.js';
import type { AttemptLimit } from '../request/attempts.js';
import type { Reply, Visit } from '../request/visit.js';
import { type AgentSignIn, type AgentSignIns, fieldsOf, type Issued, NOT_ADMITTED } from './agent-sign-ins.js';
import type { AuthorizationCodes, Redeemed } from './authorization-codes.js';
import { CLIENT_ID, isCodeVerifier, isRedirectUri, readOrigin } from './client.js';
import type { DeviceCodes, Polled } from './device-codes.js';
import { OAuthError, oauthReply } from './oauth-error.js';
import { type Parameters, required } from './parameters.js';

export interface TokenEndpointOptions {
  /** The origin of the base host. */
  readonly issuer: string;
  /** The edge's secrets, which verify access tokens. */
  readonly secrets: readonly string[];
  readonly signIns: AgentSignIns;
  readonly codes: AuthorizationCodes;
  readonly devices: DeviceCodes;
  readonly observer: Observer;
  /** Limits device codes by address. */
  readonly limit: AttemptLimit;
}

export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

const REFUSED = 'This code or token is not known, was used, or has expired.';

/** What a client learns of a device code that gives no tokens yet, or never will (RFC 8628 section 3.5). */
const POLL_ERRORS = {
  pending: ['authorization_pending', 'Nobody has decided yet.'],
  'slow-down': ['slow_down', 'Wait five seconds longer between requests.'],
  denied: ['access_denied', 'The person at the browser said no.'],
  expired: ['expired_token', 'Nobody has decided within ten minutes.'],
} as const satisfies Record<Exclude<Polled['kind'], Redeemed['kind']>, readonly [string, string]>;

export class TokenEndpoint {
  readonly #options: TokenEndpointOptions;

  constructor(options: TokenEndpointOptions) {
    this.#options = options;
  }

  /** `POST /oauth2/token`. */
  async token(visit: Visit, parameters: Parameters): Promise<Reply> {
    checkClient(parameters);
    const grant = required(parameters, 'grant_type');
    if (grant === 'authorization_code') return this.#byCode(visit, parameters);
    if (grant === 'refresh_token') return this.#byRefreshToken(visit, parameters);
    if (grant === DEVICE_GRANT) return this.#byDeviceCode(visit, parameters);
    throw new OAuthError(
      'unsupported_grant_type',
      'The grant_type must be authorization_code, refresh_token or that of RFC 8628.',
    );
  }

  /** `POST /oauth2/device_authorization`. */
  async authorizeDevice(visit: Visit, parameters: Parameters): Promise<Reply> {
    const { issuer, devices, limit } = this.#options;
    checkClient(parameters);
    await limit.count(visit.address);
    const { deviceCode, userCode, expiresIn, interval } = await devices.start(readOrigin(parameters, visit.address));
    return oauthReply({
      device_code: deviceCode,
      user_code: userCode,
      verification_uri: `${issuer}/device`,
      verification_uri_complete: `${issuer}/device?user_code=${userCode}`,
      expires_in: expiresIn,
      interval,
    });
  }

  /** `POST /oauth2/revoke`: a refresh token or an access token ends its sign-in. Any other text is accepted and does nothing. */
  async revoke(visit: Visit, parameters: Parameters): Promise<Reply> {
    checkClient(parameters);
    const token = required(parameters, 'token');
    const { signIns, observer } = this.#options;
    const signIn = (await signIns.findByRefreshToken(token)) ?? (await this.#findByAccessToken(token));
    if (signIn !== undefined) {
      await signIns.end(signIn);
      observer.emit({ kind: 'agent-signed-out', asker: visit, signIn: fieldsOf(signIn) });
    }
    return oauthReply({});
  }

  async #byCode(visit: Visit, parameters: Parameters): Promise<Reply> {
    const redirectUri = required(parameters, 'redirect_uri');
    const verifier = required(parameters, 'code_verifier');
    const code = required(parameters, 'code');
    // Neither can be that of a code: it is not used up.
    if (!isRedirectUri(redirectUri) || !isCodeVerifier(verifier)) throw new OAuthError('invalid_grant', REFUSED);
    return this.#begin(visit, await this.#options.codes.redeem(code, { redirectUri, verifier }));
  }

  async #byDeviceCode(visit: Visit, parameters: Parameters): Promise<Reply> {
    const polled = await this.#options.devices.poll(required(parameters, 'device_code'));
    if (polled.kind === 'granted' || polled.kind === 'reused' || polled.kind === 'refused')
      return this.#begin(visit, polled);
    const [error, description] = POLL_ERRORS[polled.kind];
    throw new OAuthError(error, description);
  }

  async #begin(visit: Visit, redeemed: Redeemed): Promise<Reply> {
    const { signIns, observer } = this.#options;
    if (redeemed.kind === 'reused') {
      const { id: tokenId, owner } = redeemed;
      await signIns.end(redeemed);
      observer.emit({ kind: 'agent-token-reused', asker: visit, signIn: { tokenId, owner } });
    }
    if (redeemed.kind !== 'granted') throw this.#failed(visit, REFUSED);
    const issued = await signIns.begin(redeemed.id, redeemed.identity, redeemed.origin);
    observer.emit({ kind: 'agent-signed-in', asker: visit, signIn: fieldsOf(issued.signIn) });
    return oauthReply(tokens(issued));
  }

  async #byRefreshToken(visit: Visit, parameters: Parameters): Promise<Reply> {
    const { signIns, observer } = this.#options;
    const refreshed = await signIns.refresh(required(parameters, 'refresh_token'), visit.address);
    if (refreshed.kind === 'issued') return oauthReply(tokens(refreshed));
    if (refreshed.kind === 'reused')
      observer.emit({ kind: 'agent-token-reused', asker: visit, signIn: refreshed.ended });
    if (refreshed.kind === 'not-admitted')
      observer.emit({ kind: 'agent-signed-out', asker: visit, signIn: refreshed.ended });
    throw this.#failed(visit, refreshed.kind === 'not-admitted' ? NOT_ADMITTED : REFUSED);
  }

  #failed(visit: Visit, description: string): OAuthError {
    const error = new PosternError('ERR_LOGIN_FAILED', description);
    this.#options.observer.emit({ kind: 'agent-sign-in-failed', asker: visit, error });
    return new OAuthError('invalid_grant', description);
  }

  async #findByAccessToken(token: string): Promise<AgentSignIn | undefined> {
    const { secrets, signIns } = this.#options;
    const grant = await verifyToken(secrets, token).catch(() => undefined); // RFC 7009 section 2.2: no error
    return grant === undefined ? undefined : signIns.find(grant.owner, grant.id);
  }
}

function checkClient(parameters: Parameters): void {
  if (parameters.get('client_id') !== CLIENT_ID)
    throw new OAuthError('invalid_client', 'The client_id must be postern.', 401);
}

function tokens({ signIn, accessToken, refreshToken, expiresInSeconds }: Issued): object {
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: expiresInSeconds,
    refresh_token: refreshToken,
    // Beyond RFC 6749: whose tunnels they open, for the person at the terminal.
    owner: signIn.owner,
  };
}
