/**
 * The page of device authorization (RFC 8628 section 3.3). A link may fill in the code, but nothing is looked up before the
 * visitor has pressed a button of this page, and nothing is allowed before a second one, beside who asks.
 */
import { accountKey } from '../../auth/identity/identity.js';
import type { Session } from '../../auth/session/session.js';
import { asPosternError, PosternError } from '../../errors.js';
import type { Observer } from '../ops/observer.js';
import { pageReply } from '../replies/reply.js';
import type { AttemptLimit } from '../request/attempts.js';
import type { Reply, Visit } from '../request/visit.js';
import type { Approvers } from './approver.js';
import type { DeviceCodes, DeviceRequest } from './device-codes.js';
import { OAuthError } from './oauth-error.js';
import { readUserCode } from './oauth-secrets.js';
import { ALLOW, ALLOWED, codePage, DENIED, DENY, devicePage } from './pages.js';
import { type Parameters, readFormParameters, readQuery } from './parameters.js';

export interface DeviceOptions {
  readonly approvers: Approvers;
  readonly codes: DeviceCodes;
  readonly observer: Observer;
  /** Limits the agents that an account signs in. */
  readonly limit: AttemptLimit;
  /** Limit wrong codes, of an account and of an address. */
  readonly wrongCodes: AttemptLimit;
  readonly wrongCodesOfAddress: AttemptLimit;
}

const UNKNOWN = 'This code is not known, or no longer. A code is valid for ten minutes and once.';
const TOO_MANY = 'Too many wrong codes. Wait an hour, or run “postern login” in a browser’s reach.';

export class Device {
  readonly #options: DeviceOptions;

  constructor(options: DeviceOptions) {
    this.#options = options;
  }

  /** Asks for the code. */
  async ask(visit: Visit): Promise<Reply> {
    const userCode = readUserCode(codeOf(visit)) ?? '';
    const path = userCode === '' ? '/device' : `/device?user_code=${userCode}`;
    const approver = await this.#options.approvers.of(visit, path);
    return 'reply' in approver ? approver.reply : pageReply(codePage(approver.session, userCode));
  }

  /** Takes the code, and then the decision. */
  async decide(visit: Visit): Promise<Reply> {
    const approver = await this.#options.approvers.of(visit, '/device');
    if ('reply' in approver) return approver.reply;
    const { session } = approver;
    const parameters = await readForm(visit);
    const typed = parameters.get('user_code') ?? '';
    const userCode = readUserCode(typed);
    const request = userCode === undefined ? undefined : await this.#find(visit, session, userCode);
    if (userCode === undefined || request === undefined)
      return pageReply(codePage(session, typed.slice(0, 16), UNKNOWN));
    const decision = parameters.get('decision');
    if (decision !== ALLOW && decision !== DENY) return pageReply(devicePage(session, userCode, request));
    if (decision === ALLOW) await this.#options.limit.count(accountKey(session.identity));
    const isDone = await this.#options.codes.decide(userCode, decision === ALLOW ? session.identity : 'denied');
    if (!isDone) return pageReply(codePage(session, '', UNKNOWN));
    return pageReply(decision === ALLOW ? ALLOWED : DENIED);
  }

  /** Counts each code before it is looked up, so that guesses at once are no more than guesses in a row. */
  async #find(visit: Visit, { identity }: Session, userCode: string): Promise<DeviceRequest | undefined> {
    const { codes, wrongCodes, wrongCodesOfAddress, observer } = this.#options;
    try {
      await wrongCodes.count(accountKey(identity));
      await wrongCodesOfAddress.count(visit.address);
    } catch (thrown) {
      const error = new PosternError(asPosternError(thrown).code, 'too many wrong user codes', { text: TOO_MANY });
      observer.emit({ kind: 'agent-sign-in-failed', asker: visit, error });
      throw error;
    }
    const found = await codes.find(userCode);
    if (found === undefined) {
      const error = new PosternError('ERR_LOGIN_FAILED', 'a wrong user code');
      observer.emit({ kind: 'agent-sign-in-failed', asker: visit, error });
      return undefined;
    }
    await Promise.all([wrongCodes.refund(accountKey(identity)), wrongCodesOfAddress.refund(visit.address)]);
    return found;
  }
}

function codeOf(visit: Visit): string {
  try {
    return readQuery(visit).get('user_code') ?? '';
  } catch {
    return ''; // the visitor types it
  }
}

function readForm(visit: Visit): Promise<Parameters> {
  return readFormParameters(visit).catch((thrown: unknown) => {
    if (!(thrown instanceof OAuthError)) throw thrown;
    throw new PosternError('ERR_BAD_REQUEST', thrown.message, { text: thrown.message });
  });
}
