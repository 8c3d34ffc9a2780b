/**
 * The authorization endpoint for the OAuth clients of visitors: finds out who asks, for which tunnel and for whom, asks the
 * person, and returns a code. Until the client and its redirect URI are known, errors are pages and never redirects.
 */
import { accountKey, type Identity } from '../../auth/identity/identity.js';
import { decide } from '../../auth/identity/policy.js';
import type { Session } from '../../auth/session/session.js';
import type { BaseAddress } from '../../core/hostname.js';
import { PosternError } from '../../errors.js';
import type { Registry, Tunnel } from '../gate/registry.js';
import type { Approvers } from '../oauth/approver.js';
import type { AuthorizationCodes, BoundGrant } from '../oauth/authorization-codes.js';
import {
  badRequest,
  checkRequest,
  forPerson,
  readAuthorizationRequest,
  readDecision,
  responseUrl,
  toPerson,
} from '../oauth/authorization-request.js';
import { OAuthError } from '../oauth/oauth-error.js';
import { ALLOW } from '../oauth/pages.js';
import { type Parameters, required } from '../oauth/parameters.js';
import { errorReply } from '../replies/error-reply.js';
import { pageReply, redirect } from '../replies/reply.js';
import type { AttemptLimit } from '../request/attempts.js';
import type { Reply, Visit } from '../request/visit.js';
import { switchAccount } from '../routes/access-pages.js';
import { groupsLeftOut } from '../routes/groups-left-out.js';
import { orAskToGoOn } from '../routes/visit-limit.js';
import type { Client } from './client.js';
import type { ClientDocuments } from './documents.js';
import { consentPage } from './pages.js';
import { hostOfUri, isLoopbackUri, matchesRedirectUri } from './redirect-uris.js';
import type { Registrations } from './registration.js';
import { tunnelOfResource } from './resources.js';

/** What the code of a visitor's client is for. */
export interface ClientGrant extends BoundGrant {
  readonly client: Pick<Client, 'id' | 'name' | 'host'>;
  /** The name of the tunnel, and its owner when the person agreed. */
  readonly tunnel: string;
  readonly owner: string;
  /** The session with which the person agreed. */
  readonly session: Pick<Session, 'id' | 'signedInAtMs'>;
}

export interface ClientAuthorizeOptions {
  readonly base: BaseAddress;
  readonly registry: Pick<Registry, 'find'>;
  /** Who is in front of the page: everyone may be. */
  readonly approvers: Approvers;
  readonly documents: ClientDocuments;
  /** Undefined where the operator permits no registration. */
  readonly registrations: Registrations | undefined;
  readonly codes: AuthorizationCodes<ClientGrant>;
  /** Limits the clients that an account lets in. */
  readonly limit: AttemptLimit;
  readonly ttlMs: number;
}

/** A request of which everything is known. */
interface Known {
  readonly parameters: Parameters;
  readonly session: Session;
  readonly client: Client;
  readonly tunnel: Tunnel;
}

export class ClientAuthorize {
  readonly #options: ClientAuthorizeOptions;

  constructor(options: ClientAuthorizeOptions) {
    this.#options = options;
  }

  /** Shows the question. */
  ask(visit: Visit): Promise<Reply> {
    const ask = () =>
      this.#withRequest(visit, async ({ parameters, ...known }) => {
        const redirectUri = required(parameters, 'redirect_uri');
        return pageReply(consentPage({ ...known, redirectUri, ttlMs: this.#options.ttlMs, action: visit.path }));
      });
    return orAskToGoOn(visit, ask);
  }

  /** Takes the decision. The request is that of the page, in the query; the body has the decision only. */
  decide(visit: Visit): Promise<Reply> {
    return this.#withRequest(visit, async ({ parameters, session, client, tunnel }) => {
      const { codes, limit } = this.#options;
      if ((await readDecision(visit)).get('decision') !== ALLOW) return redirect(this.#denied(parameters));
      await limit.count(accountKey(session.identity));
      const { id, name, host } = client;
      const code = await codes.issue({
        identity: session.identity,
        redirectUri: required(parameters, 'redirect_uri'),
        challenge: required(parameters, 'code_challenge'),
        client: { id, name, host },
        tunnel: tunnel.name,
        owner: tunnel.policy.owner,
        session: { id: session.id, signedInAtMs: session.signedInAtMs },
      });
      return redirect(this.#response(parameters, { code }));
    });
  }

  async #withRequest(visit: Visit, act: (known: Known) => Promise<Reply>): Promise<Reply> {
    const parameters = readAuthorizationRequest(visit);
    const approver = await this.#options.approvers.of(visit, visit.path);
    if ('reply' in approver) return approver.reply;
    const { session } = approver;
    const tunnel = this.#tunnel(parameters);
    const decision = decide(tunnel.policy, session.identity);
    if (!decision.allow || decision.rule === 'public') return this.#refuse(visit, session, tunnel);
    // Behind the rules: the document of a client is fetched for people whom the tunnel lets in, and for no other.
    const client = await this.#client(visit, parameters, session.identity);
    try {
      checkRequest(parameters);
    } catch (thrown) {
      if (!(thrown instanceof OAuthError)) throw thrown;
      return this.#failed(visit, parameters, thrown);
    }
    return act({ parameters, session, client, tunnel });
  }

  /** The client of a request, whose redirect URI is one of its own. Throws `ERR_BAD_REQUEST` for any other. */
  async #client(visit: Visit, parameters: Parameters, identity: Identity): Promise<Client> {
    const { documents, registrations } = this.#options;
    const id = parameters.get('client_id') ?? '';
    const asker = { account: accountKey(identity), visit };
    const client = registrations?.find(id) ?? (await documents.find(id, asker).catch(toPerson));
    if (client === undefined) throw badRequest(registrations === undefined ? UNKNOWN : UNKNOWN_OR_OLD);
    if (!matchesRedirectUri(client.redirectUris, parameters.get('redirect_uri') ?? ''))
      throw badRequest(OTHER_REDIRECT);
    return client;
  }

  /** Throws `ERR_BAD_REQUEST`. */
  #tunnel(parameters: Parameters): Tunnel {
    const { base, registry } = this.#options;
    const name = forPerson(() => tunnelOfResource(required(parameters, 'resource'), base));
    const tunnel = registry.find(name);
    if (tunnel?.terms?.oauthResource !== true) throw badRequest(NO_RESOURCE);
    return tunnel;
  }

  /** As at the tunnel. */
  #refuse(visit: Visit, session: Session, { name }: Tunnel): Reply {
    const { base } = this.#options;
    const { email, emailVerified: mayAsk } = session.identity;
    const error = new PosternError('ERR_ACCESS_DENIED', 'the rules of the tunnel', { text: NOT_OPEN });
    const ask = {
      kind: 'link',
      label: 'Ask for access',
      href: `${base.origin}/access?to=${name}`,
      rank: 'main',
    } as const;
    return errorReply(base, visit, error, {
      title: 'Not open to you',
      account: email,
      blocks: [
        ...groupsLeftOut(session, visit.path),
        ...(mayAsk ? [ask] : []),
        switchAccount(visit.path, mayAsk ? 'other' : 'main'),
      ],
    });
  }

  /**
   * Tells the client what is wrong with its request: at once where a program of this machine listens, and else by a link. Anyone
   * may be a client, and the edge leads no visitor to an address that anyone may name (RFC 9700 section 4.11.2).
   */
  #failed(visit: Visit, parameters: Parameters, { error, message }: OAuthError): Reply {
    const redirectUri = parameters.get('redirect_uri') ?? '';
    const location = this.#response(parameters, { error, error_description: message });
    if (isLoopbackUri(redirectUri)) return redirect(location);
    return errorReply(
      this.#options.base,
      visit,
      badRequest(`The app has sent you here with an invalid request: ${message}`),
      {
        blocks: [{ kind: 'link', label: `Go back to ${hostOfUri(redirectUri)}`, href: location, rank: 'other' }],
      },
    );
  }

  #denied(parameters: Parameters): string {
    return this.#response(parameters, {
      error: 'access_denied',
      error_description: 'The person at the browser said no.',
    });
  }

  #response(parameters: Parameters, fields: Readonly<Record<string, string>>): string {
    return responseUrl(parameters, this.#options.base.origin, fields);
  }
}

const NO_RESOURCE =
  'The app asks for a tunnel that is not open to apps, or is not there now: it must run with --oauth-resource.';

const NOT_OPEN = 'This account may not open that tunnel, so no app may do it for you.';

const UNKNOWN =
  'The app that sent you here is not known: its client_id must be the https URL of its metadata document, since this edge lets no app register itself.';

const UNKNOWN_OR_OLD =
  'The app that sent you here is not known: its client_id is no https URL of a metadata document, and its registration is not of this edge or too old. Remove the connection in the app, and set it up again.';

const OTHER_REDIRECT =
  'The link asks to return to an address that is not one of the app’s own (redirect_uri). Do not trust the sender.';
