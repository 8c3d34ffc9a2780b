/** An MCP client as people use it, with the SDK, whose person is a visitor of the test: it finds its way from the first 401 on. */
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { type OAuthClientProvider, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type {
  OAuthClientInformationMixed,
  OAuthClientMetadata,
  OAuthTokens,
} from '@modelcontextprotocol/sdk/shared/auth.js';
import { decide, REDIRECT_URI } from './oauth-client.js';
import type { Visitor } from './visitor.js';

export class TestMcpClient implements OAuthClientProvider {
  readonly redirectUrl = REDIRECT_URI;
  readonly clientMetadata: OAuthClientMetadata = { client_name: 'Test client', redirect_uris: [REDIRECT_URI] };
  readonly clientMetadataUrl?: string;
  /** What it has from the edge. */
  information: OAuthClientInformationMixed | undefined;
  held: OAuthTokens | undefined;
  /** The page that it wants its person to see. */
  authorization: URL | undefined;
  client!: Client; // set by connect(), before anything uses it
  readonly #url: URL;
  #verifier = '';
  #transport: StreamableHTTPClientTransport | undefined;

  constructor(url: string, clientMetadataUrl?: string) {
    this.#url = new URL(url);
    if (clientMetadataUrl !== undefined) this.clientMetadataUrl = clientMetadataUrl;
  }

  clientInformation() {
    return this.information;
  }

  saveClientInformation(information: OAuthClientInformationMixed) {
    this.information = information;
  }

  tokens() {
    return this.held;
  }

  saveTokens(tokens: OAuthTokens) {
    this.held = tokens;
  }

  saveCodeVerifier(verifier: string) {
    this.#verifier = verifier;
  }

  codeVerifier() {
    return this.#verifier;
  }

  invalidateCredentials(scope: string) {
    if (scope === 'all' || scope === 'tokens') this.held = undefined;
  }

  redirectToAuthorization(url: URL) {
    this.authorization = url;
  }

  /** Connects; rejects with `UnauthorizedError` when its person has to look at `authorization`. */
  async connect(): Promise<Client> {
    this.#transport = new StreamableHTTPClientTransport(this.#url, { authProvider: this, fetch: localFetch });
    this.client = new Client({ name: 'test', version: '1' });
    await this.client.connect(this.#transport as Parameters<Client['connect']>[0]);
    return this.client;
  }

  /** Connects from nothing: the person signs in, allows it, and it goes on. */
  async connectAs(visitor: Visitor, account: string): Promise<Client> {
    const isSentAway = await this.connect().then(
      () => false,
      (error: unknown) => error instanceof UnauthorizedError,
    );
    if (!isSentAway || this.authorization === undefined) throw new Error('it was not asked to sign in');
    const page = await visitor.signIn(this.authorization.href, account);
    const { location } = (await decide(visitor, page, 'allow')).headers;
    const code = new URL(location ?? '').searchParams.get('code');
    if (code === null) throw new Error(`no code: ${location}`);
    await this.#transport?.finishAuth(code);
    return this.connect();
  }
}

/** As `fetch`, where every host is this machine. */
export async function localFetch(input: string | URL, init: RequestInit = {}): Promise<Response> {
  const url = new URL(input);
  const headers = Object.fromEntries(new Headers(init.headers));
  const { method = 'GET', body, signal } = init;
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    const asked = request({
      ...{ host: '127.0.0.1', port: url.port, path: url.pathname + url.search, method, agent: false },
      headers: { ...headers, host: url.host },
      ...(signal && { signal }),
    });
    asked.on('response', resolve).on('error', reject);
    asked.end(body === null || body === undefined ? undefined : String(body));
  });
  const { statusCode = 0 } = response;
  const isEmpty = statusCode === 204 || statusCode === 202 || method === 'HEAD';
  if (isEmpty) response.resume();
  return new Response(isEmpty ? null : (Readable.toWeb(response.on('error', () => {})) as ReadableStream), {
    status: statusCode,
    headers: pairsOf(response.rawHeaders),
  });
}

function pairsOf(raw: readonly string[]): [string, string][] {
  return raw.flatMap((name, at) => (at % 2 === 0 ? [[name, raw[at + 1] ?? '']] : [])) as [string, string][];
}
