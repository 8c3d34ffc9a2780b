/**
 * An identity provider that misbehaves on request, for tests: OpenID Connect by hand on `node:http`, honest until a
 * switch says otherwise. It has no pages: a visitor who reaches the authorization endpoint is signed in at once.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { CompactSign, exportJWK, type JWK } from 'jose';

export type Endpoint = 'discovery' | 'jwks' | 'token' | 'userinfo' | 'push';

/** How an endpoint answers in place of its honest answer. */
export type Trouble =
  | { readonly kind: 'status'; readonly status: number; readonly body?: string }
  | { readonly kind: 'body'; readonly body: string }
  | { readonly kind: 'redirect'; readonly location: string }
  /** Goes on until the other side has had enough. */
  | { readonly kind: 'endless' }
  /** The head and one byte, then nothing more. */
  | { readonly kind: 'stall' }
  /** The head, then a byte now and then, without end. */
  | { readonly kind: 'drip' }
  | { readonly kind: 'reset' };

export interface SigningKey {
  readonly kid: string;
  readonly key: KeyObject;
  readonly jwk: JWK;
}

/** The switches; any may be set between two requests. */
export interface Misbehaviour {
  /** Changes the claims of the ID token; an undefined one is left out. */
  claims?: Record<string, unknown>;
  /** Changes the protected header of the ID token; an undefined parameter is left out. */
  header?: Record<string, unknown>;
  /** Makes the ID token from its claims in place of the signing key. */
  sign?: (claims: Record<string, unknown>) => Promise<string> | string;
  /** Changes the body of the token endpoint's answer. */
  token?: Record<string, unknown>;
  userinfo?: unknown;
  /** Changes the metadata. */
  metadata?: Record<string, unknown>;
  /** Adds to, or replaces in, the query that the visitor comes back with; an undefined one is left out. */
  callback?: Record<string, string | undefined>;
  /** Only this way of sending the client secret is accepted, or none. */
  authentication?: 'basic' | 'post' | 'none';
  /** How far its clock is ahead, as its `Date` headers say. */
  dateOffsetMs?: number;
  trouble?: Partial<Record<Endpoint, Trouble>>;
}

export interface Party {
  readonly id: string;
  readonly secret: string;
  readonly redirectUri: string;
}

interface Grant {
  readonly query: URLSearchParams;
  readonly claims: Record<string, unknown>;
}

// One for all providers of a process: making it is slow.
const firstKey = newSigningKey('first');

export class HostileProvider {
  readonly issuer: string;
  /** How often each endpoint was asked. */
  readonly asked: Record<Endpoint, number> = { discovery: 0, jwks: 0, token: 0, userinfo: 0, push: 0 };
  /** Emits the name of each endpoint that is asked. */
  readonly requests = new EventEmitter();
  /** The form of the last token request. */
  lastTokenRequest = new URLSearchParams();
  misbehaviour: Misbehaviour = {};
  keys: SigningKey[];
  readonly #party: Party;
  readonly #grants = new Map<string, Grant>();
  /** Requests that were pushed (RFC 9126), by their URI. */
  readonly #pushed = new Map<string, URLSearchParams>();
  readonly #server: ReturnType<typeof createServer>;

  private constructor(party: Party, server: ReturnType<typeof createServer>, key: SigningKey) {
    this.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.#party = party;
    this.#server = server;
    this.keys = [key];
    server.on('request', (request, response) => void this.#answer(request, response));
  }

  static async start(party: Party): Promise<HostileProvider> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new HostileProvider(party, server, await firstKey);
  }

  /** Signs with a new key from now on; the old one is no longer published. */
  async rotate(kid: string): Promise<void> {
    this.keys = [await newSigningKey(kid)];
  }

  /** Plays the visitor with these claims: follows an authorization URL and gives the URL that they are sent back to. */
  authorize(authorizationUrl: string, claims: Record<string, unknown> = {}): URL {
    const asked = new URL(authorizationUrl).searchParams;
    const query = this.#pushed.get(asked.get('request_uri') ?? '') ?? asked;
    const code = randomBytes(16).toString('hex');
    this.#grants.set(code, { query, claims });
    const back = new URL(query.get('redirect_uri') ?? '');
    const response = { code, state: query.get('state') ?? '', iss: this.issuer, ...this.misbehaviour.callback };
    for (const [name, value] of Object.entries(response)) if (value !== undefined) back.searchParams.set(name, value);
    return back;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url?.startsWith('/authorize?')) {
      const back = this.authorize(this.issuer + request.url);
      return void response.writeHead(302, { location: back.href }).end();
    }
    response.setHeader('date', new Date(Date.now() + (this.misbehaviour.dateOffsetMs ?? 0)).toUTCString());
    const endpoint = endpointOf(request.url ?? '');
    if (endpoint === undefined) return void response.writeHead(404).end();
    this.asked[endpoint] += 1;
    this.requests.emit(endpoint);
    const body = await text(request).catch(() => '');
    const trouble = this.misbehaviour.trouble?.[endpoint];
    if (trouble !== undefined) return makeTrouble(trouble, response);
    if (endpoint === 'push') return this.#push(new URLSearchParams(body), response);
    if (endpoint === 'token') return this.#answerToken(request, new URLSearchParams(body), response);
    if (endpoint === 'discovery') return sendJson(response, 200, this.#metadata());
    if (endpoint === 'jwks') return sendJson(response, 200, { keys: this.keys.map(({ jwk }) => jwk) });
    sendJson(response, 200, this.misbehaviour.userinfo ?? { sub: 'alice' });
  }

  #push(parameters: URLSearchParams, response: ServerResponse): void {
    const request_uri = `urn:ietf:params:oauth:request_uri:${randomBytes(16).toString('hex')}`;
    this.#pushed.set(request_uri, parameters);
    sendJson(response, 201, { request_uri, expires_in: 60 });
  }

  #metadata(): object {
    return {
      issuer: this.issuer,
      authorization_endpoint: `${this.issuer}/authorize`,
      token_endpoint: `${this.issuer}/token`,
      jwks_uri: `${this.issuer}/jwks`,
      id_token_signing_alg_values_supported: ['RS256'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      authorization_response_iss_parameter_supported: true,
      ...this.misbehaviour.metadata,
    };
  }

  async #answerToken(request: IncomingMessage, form: URLSearchParams, response: ServerResponse): Promise<void> {
    this.lastTokenRequest = form;
    const { authentication } = this.misbehaviour;
    const used = request.headers.authorization === undefined ? 'post' : 'basic';
    if ((authentication ?? used) !== used) return sendJson(response, 401, { error: 'invalid_client' });
    const grant = this.#grants.get(form.get('code') ?? '');
    this.#grants.delete(form.get('code') ?? '');
    if (grant?.query.get('client_id') !== this.#party.id || !keepsPromise(form, grant.query))
      return sendJson(response, 400, { error: 'invalid_grant' });
    const nowSeconds = Math.floor(Date.now() / 1000);
    const claims = {
      iss: this.issuer,
      aud: this.#party.id,
      sub: 'alice',
      nonce: grant.query.get('nonce'),
      email: 'alice@acme.com',
      email_verified: true,
      groups: ['eng'],
      iat: nowSeconds,
      exp: nowSeconds + 300,
      ...grant.claims,
      ...this.misbehaviour.claims,
    };
    const idToken = await (this.misbehaviour.sign?.(claims) ?? this.#sign(claims));
    const body = { access_token: 'access', token_type: 'Bearer', expires_in: 60, id_token: idToken };
    sendJson(response, 200, { ...body, ...this.misbehaviour.token });
  }

  #sign(claims: object): Promise<string> {
    const { key, kid } = this.keys[0] as SigningKey;
    const header = JSON.parse(JSON.stringify({ alg: 'RS256', kid, ...this.misbehaviour.header }));
    return new CompactSign(Buffer.from(JSON.stringify(claims))).setProtectedHeader(header).sign(key);
  }
}

/** A key of RSA as providers use it; `published` differs from the honest public half only on request. */
export async function newSigningKey(kid: string, published: Partial<JWK> = {}): Promise<SigningKey> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig', ...published };
  return { kid, key: privateKey, jwk: JSON.parse(JSON.stringify(jwk)) };
}

function endpointOf(url: string): Endpoint | undefined {
  const paths: Record<string, Endpoint> = {
    '/.well-known/openid-configuration': 'discovery',
    '/jwks': 'jwks',
    '/token': 'token',
    '/userinfo': 'userinfo',
    '/par': 'push',
  };
  return paths[url];
}

// RFC 6749 section 4.1.3 and RFC 7636 section 4.6: the one redirect URI and the verifier of this very challenge.
function keepsPromise(form: URLSearchParams, query: URLSearchParams): boolean {
  const challenge = createHash('sha256')
    .update(form.get('code_verifier') ?? '')
    .digest('base64url');
  return form.get('redirect_uri') === query.get('redirect_uri') && challenge === query.get('code_challenge');
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function makeTrouble(trouble: Trouble, response: ServerResponse): void {
  const type = { 'content-type': 'application/json' };
  switch (trouble.kind) {
    case 'status':
      return void response.writeHead(trouble.status, type).end(trouble.body ?? '{}');
    case 'body':
      return void response.writeHead(200, type).end(trouble.body);
    case 'redirect':
      return void response.writeHead(302, { location: trouble.location }).end();
    case 'endless':
      return void pour(response.writeHead(200, type), Buffer.alloc(64 * 1024, ' '));
    case 'stall':
      return void response.writeHead(200, type).write('{');
    case 'drip':
      return void drip(response.writeHead(200, type));
    case 'reset':
      return void response.destroy();
  }
}

const DRIP_MS = 20;

function drip(response: ServerResponse): void {
  const timer = setInterval(() => response.write(' '), DRIP_MS);
  response.once('close', () => clearInterval(timer));
}

function pour(response: ServerResponse, chunk: Buffer): void {
  while (!response.destroyed && response.write(chunk)) {}
  if (!response.destroyed) response.once('drain', () => pour(response, chunk));
}
