/** What arrives at the steps of a sign-in, and what leaves the last one. */
import type { PlainRedirect } from '../replies/hand-off.js';
import type { SignInChoice } from './sign-in-choice.js';

/** The redirect on the tunnel's host after a ticket was redeemed. */
export interface Redeemed extends PlainRedirect {
  /** The visitor is admitted, and this browser had a session under the name's former owner: that app's data must be cleared. */
  readonly isPassedOn: boolean;
}

/** The parameters of a start. Any other parameter of its query is ignored. */
export interface StartFields extends SignInChoice {
  readonly returnTo: string | undefined;
  /** `Nonces.prove` of the nonce cookie on the tunnel's host. */
  readonly nonceProof: string | undefined;
  /** Whether the person signs in at the provider although there is a session. Default: no. */
  readonly isAgain?: boolean;
}

/** A ticket as it arrives at the tunnel's host. */
export interface TicketFields {
  readonly text: string;
  /** Replaces the path in the ticket. */
  readonly returnTo?: string | undefined;
  /** Whether the browser may get a session from it. If not, the ticket is still used up. */
  readonly isWelcome: boolean;
}
