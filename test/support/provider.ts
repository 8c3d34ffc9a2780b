/**
 * A real identity provider for tests and the demo: the certified `oidc-provider` on loopback with the authorization
 * code flow, PKCE required, claims in userinfo (its default), an account chooser in place of passwords, consent
 * granted by itself and RP-initiated logout. It can run inside a process or as one of its own (provider-process.ts).
 */
import { generateKeyPair, type JsonWebKey, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import type { ClientAuthMethod, Configuration, KoaContextWithOIDC, Provider } from 'oidc-provider';
import { interactionPolicy, Provider as OidcProvider } from './oidc-provider-quiet.js';
import { accountPage, notePage, signOutPage } from './provider-pages.js';
import { memoryAdapters } from './provider-store.js';

/** A person at the provider: the claims, as the provider tells them. `sub` is also the id on the account page. */
export interface Account {
  readonly sub: string;
  readonly [claim: string]: unknown;
}

/** A relying party as the provider knows it. */
export interface RelyingParty {
  readonly id: string;
  readonly secret: string;
  readonly redirectUris: readonly string[];
  readonly signedOutUris?: readonly string[];
  /** Where the provider posts logout tokens (OpenID Connect Back-Channel Logout 1.0). */
  readonly backchannelLogoutUri?: string;
  /** How it authenticates at the token endpoint; `client_secret_basic`, the default of the standard, unless said. */
  readonly authMethod?: ClientAuthMethod;
  /** Its public keys, for `private_key_jwt`. */
  readonly keys?: readonly JsonWebKey[];
}

export interface ProviderOptions {
  /** A free one unless given. */
  readonly port?: number;
  readonly clients: readonly RelyingParty[];
  readonly accounts: readonly Account[];
  /** Its RSA key; a new one unless given. */
  readonly key?: JsonWebKey;
  /** Where the claims of a scope are told: `userinfo` unless said; Google, for one, puts them in the ID token. */
  readonly claimsIn?: 'userinfo' | 'id-token';
  /** It takes no authorization request that was not pushed (RFC 9126). */
  readonly requiresPush?: boolean;
}

export interface RunningProvider {
  readonly issuer: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Starts a provider on 127.0.0.1; its issuer is `http://localhost:<port>`. Rejects when the port is taken. */
export async function startProvider(options: ProviderOptions): Promise<RunningProvider> {
  // A person may take their time between two pages: on a busy machine a connection that ends after five seconds, Node's
  // default, ends just while the next request is on its way.
  const server = createServer({ keepAliveTimeout: 0 });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const issuer = `http://localhost:${port}`;
  const provider = new OidcProvider(issuer, await configure(options));
  const answer = provider.callback();
  server.on('request', (request, response) => {
    if (!request.url?.startsWith(INTERACTION)) void answer(request, response);
    else
      interact(provider, options.accounts, request, response).catch((error: unknown) => sendTrouble(response, error));
  });
  return { issuer, port, close: () => closeServer(server) };
}

const INTERACTION = '/interaction/';
const SCOPES = 'openid email profile';

async function configure(options: ProviderOptions): Promise<Configuration> {
  const key = options.key ?? (await newKey());
  const policy = interactionPolicy.base();
  policy.add(new interactionPolicy.Prompt({ name: 'select_account', requestable: true }), 0);
  return {
    adapter: memoryAdapters(),
    clients: options.clients.map((client) => ({
      client_id: client.id,
      client_secret: client.secret,
      redirect_uris: [...client.redirectUris],
      post_logout_redirect_uris: [...(client.signedOutUris ?? [])],
      token_endpoint_auth_method: client.authMethod ?? 'client_secret_basic',
      ...(client.keys !== undefined && { jwks: { keys: client.keys as never } }),
      ...(client.backchannelLogoutUri !== undefined && {
        backchannel_logout_uri: client.backchannelLogoutUri,
        backchannel_logout_session_required: true,
      }),
    })),
    jwks: { keys: [{ ...key, alg: 'RS256', use: 'sig' } as never] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    pkce: { required: () => true },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: profileClaims(options.accounts) },
    conformIdTokenClaims: options.claimsIn !== 'id-token',
    findAccount: (_context, id) => {
      const account = options.accounts.find(({ sub }) => sub === id);
      return account && { accountId: id, claims: () => ({ ...account }) };
    },
    interactions: { policy, url: (_context, interaction) => `${INTERACTION}${interaction.uid}` },
    loadExistingGrant: grantEverything,
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      pushedAuthorizationRequests: {
        enabled: true,
        requirePushedAuthorizationRequests: options.requiresPush ?? false,
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (context, form) => setPage(context, signOutPage(form)),
        postLogoutSuccessSource: (context) => setPage(context, notePage('Signed out', 'You may close this page.')),
      },
    },
    // Its dispatcher refuses loopback, where the relying parties of tests are.
    fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined } as RequestInit),
    renderError: (context, out) => setPage(context, notePage('This sign-in cannot go on', JSON.stringify(out))),
    ttl: { AccessToken: 3600, AuthorizationCode: 60, Grant: 86_400, IdToken: 3600, Interaction: 3600, Session: 86_400 },
  };
}

async function newKey(): Promise<JsonWebKey> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  return privateKey.export({ format: 'jwk' });
}

// Whatever else an account has (name, groups, hd) belongs to `profile`, which every sign-in asks for.
function profileClaims(accounts: readonly Account[]): string[] {
  const names = new Set(['name', 'preferred_username', 'groups', 'hd', ...accounts.flatMap(Object.keys)]);
  for (const elsewhere of ['sub', 'email', 'email_verified']) names.delete(elsewhere);
  return [...names];
}

async function grantEverything(context: KoaContextWithOIDC) {
  const { client, session, provider } = context.oidc;
  if (client === undefined || session?.accountId === undefined) return undefined;
  const known = session.grantIdFor(client.clientId);
  const grant = known === undefined ? undefined : await provider.Grant.find(known);
  if (grant?.accountId === session.accountId) return grant;
  const granted = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  granted.addOIDCScope(SCOPES);
  await granted.save();
  return granted;
}

async function interact(
  provider: Provider,
  accounts: readonly Account[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { uid } = await provider.interactionDetails(request, response);
  if (request.method !== 'POST') {
    const rows = accounts.map(({ sub, name, email }) => ({
      id: sub,
      title: String(name ?? sub),
      note: String(email ?? ''),
    }));
    return sendPage(response, 200, accountPage(`${INTERACTION}${uid}`, rows));
  }
  const id = new URLSearchParams(await text(request)).get('account');
  const chosen = accounts.find(({ sub }) => sub === id);
  const result = chosen
    ? { select_account: {}, login: { accountId: chosen.sub } }
    : { error: 'access_denied', error_description: 'the account page was cancelled' };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

function sendTrouble(response: ServerResponse, error: unknown): void {
  if (response.headersSent) response.destroy();
  else sendPage(response, 400, notePage('This sign-in cannot go on', String(error)));
}

function setPage(context: KoaContextWithOIDC, html: string): void {
  context.type = 'html';
  context.body = html;
}

function sendPage(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' }).end(html);
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
