/** The endpoints that the OAuth clients of visitors call: tokens (RFC 6749 section 3.2), revocation (RFC 7009), registration (RFC 7591). */
import type { Sessions } from '../../auth/session/sessions.js';
import type { BaseAddress } from '../../core/hostname.js';
import { PosternError } from '../../errors.js';
import type { AuthorizationCodes } from '../oauth/authorization-codes.js';
import { isCodeVerifier } from '../oauth/client.js';
import { OAuthError, oauthReply } from '../oauth/oauth-error.js';
import { type Parameters, required } from '../oauth/parameters.js';
import type { Observer } from '../ops/observer.js';
import type { Reply, Visit } from '../request/visit.js';
import type { ClientGrant } from './authorize.js';
import { type ClientSignIn, type Issued, labelOf } from './client-sign-in.js';
import type { ClientSignIns } from './client-sign-ins.js';
import { documentHost } from './document.js';
import type { Registrations } from './registration.js';
import { tunnelOfResource } from './resources.js';

export interface ClientTokenEndpointOptions {
  readonly base: BaseAddress;
  readonly sessions: Pick<Sessions, 'isEnded'>;
  readonly signIns: ClientSignIns;
  readonly codes: AuthorizationCodes<ClientGrant>;
  readonly registrations: Registrations | undefined;
  readonly observer: Observer;
}

const REFUSED = 'This code or token is not known, was used, has expired, or is for another client or resource.';

export class ClientTokenEndpoint {
  readonly #options: ClientTokenEndpointOptions;

  constructor(options: ClientTokenEndpointOptions) {
    this.#options = options;
  }

  /** `POST /oauth2/token`. */
  async token(visit: Visit, parameters: Parameters): Promise<Reply> {
    const clientId = this.#clientId(parameters);
    const grant = required(parameters, 'grant_type');
    if (grant === 'authorization_code') return this.#byCode(visit, clientId, parameters);
    if (grant === 'refresh_token') return this.#byRefreshToken(visit, clientId, parameters);
    throw new OAuthError('unsupported_grant_type', 'The grant_type must be authorization_code or refresh_token.');
  }

  /** `POST /oauth2/revoke`: either token ends the sign-in. Any other text, and that of another client, does nothing. */
  async revoke(visit: Visit, parameters: Parameters): Promise<Reply> {
    const clientId = this.#clientId(parameters);
    const { signIns, observer } = this.#options;
    const signIn = await signIns.findByToken(required(parameters, 'token'));
    if (signIn?.client.id === clientId && (await signIns.end(signIn)))
      observer.emit({ kind: 'client-signed-out', asker: visit, signIn: fieldsOf(signIn) });
    return oauthReply({});
  }

  /** What it proves is its form only: tokens and codes are bound to the whole of it. */
  #clientId(parameters: Parameters): string {
    const clientId = required(parameters, 'client_id');
    const isKnown = this.#options.registrations?.find(clientId) !== undefined || documentHost(clientId) !== undefined;
    if (!isKnown) throw new OAuthError('invalid_client', 'The client_id is not known here.', 401);
    return clientId;
  }

  async #byCode(visit: Visit, clientId: string, parameters: Parameters): Promise<Reply> {
    const redirectUri = required(parameters, 'redirect_uri');
    const verifier = required(parameters, 'code_verifier');
    const code = required(parameters, 'code');
    const tunnel = this.#tunnel(parameters);
    if (!isCodeVerifier(verifier)) throw new OAuthError('invalid_grant', REFUSED); // that of no code: it is not used up
    const { codes, signIns, sessions, observer } = this.#options;
    const isFor = (grant: ClientGrant) =>
      grant.client.id === clientId && (tunnel === undefined || grant.tunnel === tunnel);
    const redeemed = await codes.redeem(code, { redirectUri, verifier, isFor });
    if (redeemed.kind === 'reused') {
      const ended = await signIns.endById(redeemed.id);
      if (ended !== undefined) observer.emit({ kind: 'client-token-reused', asker: visit, signIn: fieldsOf(ended) });
    }
    if (redeemed.kind !== 'granted') throw this.#failed(visit);
    const { identity, client, owner, session } = redeemed;
    if (sessions.isEnded({ ...session, identity })) throw this.#failed(visit);
    const issued = await signIns.begin(redeemed.id, {
      ...{ client, identity, signedInAtMs: session.signedInAtMs },
      tunnel: { name: redeemed.tunnel, owner },
    });
    observer.emit({ kind: 'client-signed-in', asker: visit, signIn: fieldsOf(issued.signIn) });
    return oauthReply(tokens(issued));
  }

  async #byRefreshToken(visit: Visit, clientId: string, parameters: Parameters): Promise<Reply> {
    const { signIns, observer } = this.#options;
    const tunnel = this.#tunnel(parameters);
    const refreshed = await signIns.refresh(required(parameters, 'refresh_token'), clientId, tunnel);
    if (refreshed.kind === 'issued') return oauthReply(tokens(refreshed));
    if (refreshed.kind === 'reused')
      observer.emit({ kind: 'client-token-reused', asker: visit, signIn: fieldsOf(refreshed.ended) });
    throw this.#failed(visit);
  }

  /** The tunnel that a request names once more; the code, or the token, is bound to it anyway. Throws `invalid_target`. */
  #tunnel(parameters: Parameters): string | undefined {
    const resource = parameters.get('resource');
    return resource === undefined ? undefined : tunnelOfResource(resource, this.#options.base);
  }

  #failed(visit: Visit): OAuthError {
    const error = new PosternError('ERR_LOGIN_FAILED', REFUSED);
    this.#options.observer.emit({ kind: 'client-sign-in-failed', asker: visit, error });
    return new OAuthError('invalid_grant', REFUSED);
  }
}

/** What events say of a sign-in. */
export function fieldsOf({ id, tunnel, identity, client }: ClientSignIn) {
  return { session: id, tunnel, email: identity.email, issuer: identity.issuer, client: labelOf(client) };
}

function tokens({ accessToken, refreshToken, expiresInSeconds }: Issued): object {
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: expiresInSeconds,
    refresh_token: refreshToken,
  };
}
