/** The person in front of a page that lets an agent, or another OAuth client, act for them: signed in here, and one who may decide. */
import type { Identity } from '../../auth/identity/identity.js';
import type { Session } from '../../auth/session/session.js';
import type { Sessions } from '../../auth/session/sessions.js';
import type { BaseAddress } from '../../core/hostname.js';
import { PosternError } from '../../errors.js';
import { errorReply } from '../replies/error-reply.js';
import type { Block } from '../replies/page.js';
import { redirect } from '../replies/reply.js';
import { isVisit } from '../request/navigation.js';
import type { Reply, Visit } from '../request/visit.js';
import { switchAccount } from '../routes/access-pages.js';
import { isFromOrigin } from '../routes/csrf.js';
import { groupsLeftOut } from '../routes/groups-left-out.js';
import { rivalsReply } from '../routes/session.js';
import { signInTo } from '../routes/sign-in-choice.js';
import { NOT_ADMITTED } from './agent-sign-ins.js';

export interface ApproverOptions {
  readonly base: BaseAddress;
  readonly sessions: Sessions;
  /** Whether an account may decide; undefined: none may, since `POSTERN_AGENTS` is not set. */
  readonly admits: ((identity: Identity) => boolean) | undefined;
}

/** The session of a person who may decide, or what to reply to one who may not. */
export type Approver = { readonly session: Session } | { readonly reply: Reply };

export const NO_AGENTS = 'No agent can sign in here: the operator of this edge has not set POSTERN_AGENTS.';

export class Approvers {
  readonly #options: ApproverOptions;

  constructor(options: ApproverOptions) {
    this.#options = options;
  }

  /**
   * Who decides in this request. `path` is where a visitor without a session comes back to. Throws `ERR_CROSS_SITE` for a form
   * that no page of this origin has posted, and `ERR_ACCESS_DENIED` where the operator has named no one who may sign agents in.
   */
  async of(visit: Visit, path: string, others: readonly Block[] = []): Promise<Approver> {
    const { base, sessions, admits } = this.#options;
    if (admits === undefined)
      throw new PosternError('ERR_ACCESS_DENIED', 'POSTERN_AGENTS is not set', { text: NO_AGENTS });
    this.#checkOrigin(visit);
    const session = await sessions.read(visit.header['cookie'], base.host);
    if (session === undefined) return { reply: await this.#askToSignIn(visit, path) };
    return admits(session.identity) ? { session } : { reply: this.#refuse(visit, path, session, others) };
  }

  #checkOrigin(visit: Visit): void {
    if (visit.method === 'POST') {
      if (!isFromOrigin(visit, this.#options.base.origin))
        throw new PosternError('ERR_CROSS_SITE', undefined, { text: FOREIGN });
    } else if (!isVisit(visit)) throw new PosternError('ERR_LOGIN_REQUIRED');
  }

  async #askToSignIn(visit: Visit, path: string): Promise<Reply> {
    const { base, sessions } = this.#options;
    const signIn = signInTo(path);
    const cookies = await sessions.clearRivals(visit.header['cookie'], base.host, '/');
    return cookies.length > 0 ? rivalsReply(base, visit, signIn, cookies) : redirect(signIn);
  }

  #refuse(visit: Visit, path: string, session: Session, others: readonly Block[]): Reply {
    const error = new PosternError('ERR_ACCESS_DENIED', 'not named by POSTERN_AGENTS', { text: NOT_ADMITTED });
    const blocks = [...groupsLeftOut(session, path), switchAccount(path, 'main'), ...others];
    return errorReply(this.#options.base, visit, error, { account: session.identity.email, blocks });
  }
}

const FOREIGN = 'This form was posted by a page of another site. Start again on the page of this edge.';
