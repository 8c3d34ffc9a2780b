/**
 * The authorization endpoint (RFC 6749 section 3.1) for agents on the machine of the browser (RFC 8252): asks the visitor, and
 * returns a code to a loopback address. Until the redirect URI is known to be one, errors are pages and never redirects.
 */

import { accountKey } from '../../auth/identity/identity.js';
import type { Block } from '../replies/page.js';
import { pageReply, redirect } from '../replies/reply.js';
import type { AttemptLimit } from '../request/attempts.js';
import type { Reply, Visit } from '../request/visit.js';
import type { Approvers } from './approver.js';
import type { AuthorizationCodes } from './authorization-codes.js';
import {
  badRequest,
  checkRequest,
  readAuthorizationRequest,
  readDecision,
  responseUrl,
} from './authorization-request.js';
import { CLIENT_ID, isRedirectUri, readOrigin } from './client.js';
import { OAuthError } from './oauth-error.js';
import { ALLOW, consentPage } from './pages.js';
import { type Parameters, required } from './parameters.js';

export interface AuthorizeOptions {
  /** The origin of the base host, `iss` of each response (RFC 9207). */
  readonly issuer: string;
  readonly approvers: Approvers;
  readonly codes: AuthorizationCodes;
  /** Limits the agents that an account signs in. */
  readonly limit: AttemptLimit;
}

export class Authorize {
  readonly #options: AuthorizeOptions;

  constructor(options: AuthorizeOptions) {
    this.#options = options;
  }

  /** Shows the question. */
  async ask(visit: Visit): Promise<Reply> {
    return this.#withRequest(visit, async (parameters) => {
      const approver = await this.#options.approvers.of(visit, visit.path, [this.#giveUp(parameters)]);
      if ('reply' in approver) return approver.reply;
      return pageReply(consentPage(approver.session, readOrigin(parameters, visit.address), visit.path));
    });
  }

  /** Takes the decision. The request is that of the page, in the query; the body has the decision only. */
  async decide(visit: Visit): Promise<Reply> {
    return this.#withRequest(visit, async (parameters) => {
      const { approvers, codes, limit } = this.#options;
      const approver = await approvers.of(visit, visit.path, [this.#giveUp(parameters)]);
      if ('reply' in approver) return approver.reply;
      const decision = (await readDecision(visit)).get('decision');
      if (decision !== ALLOW) return redirect(this.#denied(parameters));
      const { identity } = approver.session;
      await limit.count(accountKey(identity));
      const redirectUri = required(parameters, 'redirect_uri');
      const challenge = required(parameters, 'code_challenge');
      const origin = readOrigin(parameters, visit.address);
      const code = await codes.issue({ identity, origin, redirectUri, challenge });
      return redirect(this.#response(parameters, { code }));
    });
  }

  async #withRequest(visit: Visit, act: (parameters: Parameters) => Promise<Reply>): Promise<Reply> {
    const parameters = readRequest(visit);
    try {
      checkRequest(parameters);
    } catch (thrown) {
      if (!(thrown instanceof OAuthError)) throw thrown;
      const { error, message } = thrown;
      return redirect(this.#response(parameters, { error, error_description: message }));
    }
    return act(parameters);
  }

  #giveUp(parameters: Parameters): Block {
    return { kind: 'link', label: 'Give up', href: this.#denied(parameters), rank: 'other' };
  }

  #denied(parameters: Parameters): string {
    return this.#response(parameters, {
      error: 'access_denied',
      error_description: 'The person at the browser said no.',
    });
  }

  /** The URL of a response (RFC 6749 section 4.1.2), at the redirect URI of the request. */
  #response(parameters: Parameters, fields: Readonly<Record<string, string>>): string {
    return responseUrl(parameters, this.#options.issuer, fields);
  }
}

/** The parameters of a request whose client and redirect URI are known. Throws `ERR_BAD_REQUEST` for any other. */
function readRequest(visit: Visit): Parameters {
  const parameters = readAuthorizationRequest(visit);
  if (parameters.get('client_id') !== CLIENT_ID) throw badRequest(UNKNOWN_CLIENT);
  if (!isRedirectUri(parameters.get('redirect_uri') ?? '')) throw badRequest(NOT_LOOPBACK);
  return parameters;
}

const UNKNOWN_CLIENT = 'The link is not one of “postern login”: its client_id must be postern.';

const NOT_LOOPBACK =
  'The link asks to return to an address other than this machine’s own: its redirect_uri must be http://127.0.0.1 or http://[::1] with a port. Do not trust the sender.';
