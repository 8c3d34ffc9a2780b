/** The error of a sign-in that has failed at the provider. */
import type { ReturnTarget } from '../../auth/session/return-path.js';

/** Has the return target of the sign-in, so that the error page can offer another attempt. `cause` is the reason. */
export class SignInFailure extends Error {
  readonly target: ReturnTarget;
  readonly cookies: readonly string[];

  constructor(cause: unknown, target: ReturnTarget, cookies: readonly string[]) {
    super('the sign-in failed', { cause });
    this.target = target;
    this.cookies = cookies;
  }
}
