/**
 * GitHub as far as a sign-in sees it, on loopback: the OAuth web flow with PKCE, and the API below `/api/v3` as an Enterprise
 * Server has it. It has no pages: a visitor who reaches the authorization endpoint is signed in at once.
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What the API says of the one account; any part may be changed between two requests. */
export interface FakeAccount {
  user: unknown;
  emails: unknown[];
  orgs: unknown[];
  teams: unknown[];
}

export const OCTOCAT: FakeAccount = {
  user: { login: 'Octocat', id: 583231, type: 'User', email: 'public@else.test' },
  emails: [
    { email: 'other@acme.com', primary: false, verified: true, visibility: null },
    { email: 'octocat@acme.com', primary: true, verified: true, visibility: 'private' },
  ],
  orgs: [{ login: 'Acme', id: 1 }],
  teams: [{ slug: 'eng', name: 'Eng', organization: { login: 'Acme', id: 1 } }],
};

export class FakeGitHub {
  readonly issuer: string;
  account: FakeAccount = OCTOCAT;
  /** The scopes that the visitor grants, as GitHub lists them. */
  granted = 'read:org,user:email';
  /** The status of every response of the API. */
  apiStatus = 200;
  /** Further header fields of every response of the API. */
  apiFields: Readonly<Record<string, string>> = {};
  /** The most items that a page shows: GitHub leaves out some of what it asked its database for. */
  pageSize = 100;
  /** The `iss` of its authorization responses; absent at older Enterprise Servers. */
  iss: string | undefined;
  /** The query of the last authorization request. */
  asked = new URLSearchParams();
  /** The paths of the API that were asked for. */
  readonly paths: string[] = [];
  readonly #codes = new Map<string, URLSearchParams>();
  readonly #tokens = new Set<string>();
  readonly #server: ReturnType<typeof createServer>;

  private constructor(server: ReturnType<typeof createServer>) {
    this.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.iss = `${this.issuer}/login/oauth`;
    this.#server = server;
    server.on('request', (request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<FakeGitHub> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FakeGitHub(server);
  }

  /** Plays the visitor: follows an authorization URL and gives the URL that they are sent back to. */
  authorize(url: string): URL {
    this.asked = new URL(url).searchParams;
    const code = randomBytes(10).toString('hex');
    this.#codes.set(code, this.asked);
    const back = new URL(this.asked.get('redirect_uri') ?? '');
    back.searchParams.set('code', code);
    back.searchParams.set('state', this.asked.get('state') ?? '');
    if (this.iss !== undefined) back.searchParams.set('iss', this.iss);
    return back;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(this.issuer + request.url);
    if (url.pathname === '/login/oauth/authorize')
      return void response.writeHead(302, { location: this.authorize(url.href).href }).end();
    if (url.pathname === '/login/oauth/access_token')
      return sendJson(response, 200, this.#token(new URLSearchParams(await text(request)))); // 200 for errors too
    if (url.pathname.startsWith('/api/v3/')) return this.#answerApi(request, response, url);
    response.writeHead(404).end();
  }

  #token(form: URLSearchParams): object {
    if (form.get('client_id') !== 'client' || form.get('client_secret') !== 'client-secret')
      return { error: 'incorrect_client_credentials', error_description: 'The client_id and/or client_secret …' };
    const asked = this.#codes.get(form.get('code') ?? '');
    this.#codes.delete(form.get('code') ?? '');
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (asked === undefined || asked.get('code_challenge') !== challenge)
      return { error: 'bad_verification_code', error_description: 'The code passed is incorrect or expired.' };
    const token = `gho_${randomBytes(18).toString('base64url')}`;
    this.#tokens.add(token);
    return { access_token: token, scope: this.granted, token_type: 'bearer' };
  }

  #answerApi({ headers }: IncomingMessage, response: ServerResponse, url: URL): void {
    const path = url.pathname.slice('/api/v3'.length);
    this.paths.push(path);
    const isKnown = this.#tokens.has(headers.authorization?.replace('Bearer ', '') ?? '');
    if (headers['user-agent'] === undefined) sendJson(response, 403, { message: 'User-Agent is missing' });
    else if (!isKnown) sendJson(response, 401, { message: 'Bad credentials' });
    else if (this.apiStatus !== 200) sendJson(response, this.apiStatus, { message: 'no' }, this.apiFields);
    else if (path === '/user') sendJson(response, 200, this.account.user);
    else this.#list(path, url.searchParams, response);
  }

  #list(path: string, query: URLSearchParams, response: ServerResponse): void {
    const { emails, orgs, teams } = this.account;
    const list = { '/user/emails': emails, '/user/orgs': orgs, '/user/teams': teams }[path] ?? [];
    const [size, page] = [Number(query.get('per_page') ?? 30), Number(query.get('page') ?? 1)];
    const [from, to] = [(page - 1) * size, page * size];
    const next = `<${this.issuer}/api/v3${path}?per_page=${size}&page=${page + 1}>; rel="next"`;
    const link = to < list.length ? { link: `${next}, <${this.issuer}/api/v3${path}?page=9>; rel="last"` } : {};
    const isShown = (_: unknown, at: number) => at % size < this.pageSize;
    sendJson(response, 200, list.slice(from, to).filter(isShown), { ...link, ...this.apiFields });
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown, fields: OutgoingHttpHeaders = {}): void {
  const head = { 'content-type': 'application/json; charset=utf-8', ...fields };
  response.writeHead(status, head).end(JSON.stringify(body));
}
