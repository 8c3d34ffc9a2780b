/** How a sign-in that the provider did not finish goes to the route that has to say so. */
import type { ReturnTarget } from '../../auth/session/return-path.js';

/** A sign-in that failed at the provider: where the visitor wanted to go, so that the page can offer another try. */
export class SignInFailure extends Error {
  readonly target: ReturnTarget;
  readonly cookies: readonly string[];

  constructor(cause: unknown, target: ReturnTarget, cookies: readonly string[]) {
    super('the sign-in failed', { cause });
    this.target = target;
    this.cookies = cookies;
  }
}
