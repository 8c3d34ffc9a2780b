/** How the gate refuses a request, and the reasons that others act on. */
import type { Session } from '../../auth/session/session.js';

export interface Refusal {
  readonly kind: 'refuse';
  readonly code:
    | 'ERR_READ_ONLY'
    | 'ERR_TUNNEL_FULL'
    | 'ERR_LOGIN_REQUIRED'
    | 'ERR_ACCESS_DENIED'
    | 'ERR_TUNNEL_OFFLINE'
    | 'ERR_CROSS_SITE'
    | 'ERR_ACCESS_TOKEN_INVALID';
  /** With `ERR_LOGIN_REQUIRED`: one from which groups were left out that rules have come to name since. */
  readonly session: Session | undefined;
  /** The reason, for the audit record only. */
  readonly reason: string;
  /** A form that a page of a permitted origin has posted. The browser has sent no session only because of that origin. */
  readonly isPosted?: true;
}

/** The reason for refusing a session of this host that was created when the name had another owner. */
export const NEW_OWNER = 'new-owner';

/** The reason for refusing a token of a client that was made here, but counts no more, or at another tunnel. */
export const CLIENT_TOKEN_ENDED = 'client-token-ended';
