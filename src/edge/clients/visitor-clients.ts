/** Composes what OAuth clients of visitors meet: consent, tokens, and registration where the operator permits it. */
import type { Sessions } from '../../auth/session/sessions.js';
import type { BaseAddress } from '../../core/hostname.js';
import type { Store } from '../../store/store.js';
import type { Registry } from '../gate/registry.js';
import { Approvers } from '../oauth/approver.js';
import { AuthorizationCodes } from '../oauth/authorization-codes.js';
import { OAuthError, oauthErrorReply, oauthReply } from '../oauth/oauth-error.js';
import { OAuthSecrets } from '../oauth/oauth-secrets.js';
import type { VisitorClients } from '../oauth/visitor-clients.js';
import type { Observer } from '../ops/observer.js';
import { openPreflightReply, openToPages } from '../replies/open-to-pages.js';
import { AttemptLimit } from '../request/attempts.js';
import { readJsonBody } from '../routes/json-body.js';
import type { Route, RouteTable } from '../routes/route.js';
import { VisitLimit } from '../routes/visit-limit.js';
import { ClientAuthorize, type ClientGrant } from './authorize.js';
import type { ClientSignIns } from './client-sign-ins.js';
import { type DocumentFetch, fetchDocument } from './document-fetch.js';
import { ClientDocuments } from './documents.js';
import { Registrations } from './registration.js';
import { ClientTokenEndpoint } from './token-endpoint.js';

export interface VisitorClientsOptions {
  readonly base: BaseAddress;
  readonly store: Store;
  /** Newest first. */
  readonly secrets: readonly string[];
  readonly sessions: Sessions;
  readonly registry: Pick<Registry, 'find'>;
  readonly signIns: ClientSignIns;
  readonly observer: Observer;
  /** Lifetime of a sign-in. */
  readonly ttlMs: number;
  /** Whether clients may register themselves. */
  readonly registration: boolean;
  readonly fetch?: DocumentFetch;
}

const PATH = '/oauth2/register';
const MAX_BODY_BYTES = 8_192;
const NO_OBJECT = `The body is not a JSON object (application/json) of at most ${MAX_BODY_BYTES / 1024} KiB.`;

export function createVisitorClients(options: VisitorClientsOptions): {
  readonly clients: VisitorClients;
  readonly routes: RouteTable;
} {
  const { base, store, secrets, sessions, registry, signIns, observer, ttlMs, registration } = options;
  const registrations = registration ? new Registrations(secrets) : undefined;
  const codes = new AuthorizationCodes<ClientGrant>({ store, oauth: new OAuthSecrets(secrets), kind: 'client-code' });
  const authorize = new ClientAuthorize({
    ...{ base, registry, registrations, codes, ttlMs },
    approvers: new Approvers({ base, sessions, admits: () => true }),
    documents: new ClientDocuments({
      fetch: options.fetch ?? fetchDocument,
      limit: new VisitLimit('client-document', store.counters),
    }),
    limit: new AttemptLimit('client-sign-in', store),
  });
  const endpoint = new ClientTokenEndpoint({ base, sessions, signIns, codes, registrations, observer });
  const clients: VisitorClients = {
    ask: (visit) => authorize.ask(visit),
    decide: (visit) => authorize.decide(visit),
    token: (visit, parameters) => endpoint.token(visit, parameters),
    revoke: (visit, parameters) => endpoint.revoke(visit, parameters),
    metadata: {
      client_id_metadata_document_supported: true,
      ...(registrations !== undefined && { registration_endpoint: base.origin + PATH }),
    },
  };
  return { clients, routes: registrations === undefined ? [] : registrationRoutes(registrations, store) };
}

function registrationRoutes(registrations: Registrations, { counters }: Store): RouteTable {
  const limit = new AttemptLimit('client-registration', { counters });

  const register: Route = async (visit, request) => {
    try {
      await limit.count(visit.address);
      const body = await readJsonBody(request, MAX_BODY_BYTES).catch(() => undefined); // whatever is wrong, it is no object
      if (typeof body !== 'object' || body === null || Array.isArray(body))
        throw new OAuthError('invalid_client_metadata', NO_OBJECT);
      const { id, name, redirectUris, atSeconds } = registrations.register(body as Record<string, unknown>);
      const registered = {
        client_id: id,
        client_id_issued_at: atSeconds,
        ...(name !== '' && { client_name: name }),
        redirect_uris: redirectUris,
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      };
      return openToPages(oauthReply(registered, 201));
    } catch (thrown) {
      return openToPages(oauthErrorReply(thrown));
    }
  };

  return [
    ['post', PATH, register],
    ['options', PATH, () => openPreflightReply('POST')],
  ];
}
