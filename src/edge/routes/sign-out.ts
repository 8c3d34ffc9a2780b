/** The steps of a sign-out: from a tunnel's host to the page on the base host, and the end of a sign-in on all hosts. */
import type { Providers } from '../../auth/providers/providers.js';
import type { Session } from '../../auth/session/session.js';
import type { Sessions } from '../../auth/session/sessions.js';
import type { SignInReference, SignOutReferences } from '../../auth/session/sign-out-reference.js';
import type { BaseAddress } from '../../core/hostname.js';
import type { Observer } from '../ops/observer.js';
import type { PlainRedirect } from '../replies/hand-off.js';
import type { VisitRequest } from '../request/visit.js';

export interface SignOutOptions {
  readonly base: BaseAddress;
  readonly providers: Providers;
  readonly sessions: Sessions;
  readonly references: SignOutReferences;
  readonly observer: Observer;
}

export class SignOut {
  readonly #options: SignOutOptions;

  constructor(options: SignOutOptions) {
    this.#options = options;
  }

  /** On a tunnel's host: redirects to the sign-out page of the base host. Ends nothing. */
  async redirectToBase(session: Session | undefined): Promise<PlainRedirect> {
    const { base, references } = this.#options;
    const query = session === undefined ? '' : `?of=${await references.issue(session)}`;
    return { kind: 'redirect', location: `${base.origin}/oauth2/sign_out${query}`, cookies: [] };
  }

  /** On the base host: ends the sign-in of this browser and that of `reference`, on all hosts; then redirects to the provider. */
  async complete(request: VisitRequest, reference: string | undefined): Promise<PlainRedirect> {
    const { base, sessions, providers, references } = this.#options;
    const session = await sessions.read(request.header['cookie'], base.host);
    const referred = reference === undefined ? undefined : await references.read(reference);
    if (session !== undefined) await this.#end(request, session);
    if (referred !== undefined && referred.id !== session?.id) await this.#end(request, referred);
    const provider = providers.ofIssuer(session?.identity.issuer) ?? providers.only;
    // Signing out here always succeeds, even if the provider is unreachable.
    const providerUrl = await provider?.signOutUrl().catch(() => undefined);
    const location = providerUrl ?? `${base.origin}/oauth2/signed_out`;
    return { kind: 'redirect', location, cookies: [sessions.clear()] };
  }

  async #end(request: VisitRequest, signIn: Session | SignInReference): Promise<void> {
    await this.#options.sessions.revoke(signIn);
    this.#options.observer.emit({ kind: 'signed-out', visit: request, session: signIn });
  }
}
