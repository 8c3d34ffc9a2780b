/** The steps of an OAuth client of a visitor, one by one and each open to changes, against a world's edge. */
import { createHash, randomBytes } from 'node:crypto';
import { decide, type RawResponse, REDIRECT_URI } from './oauth-client.js';
import type { Visitor } from './visitor.js';
import type { World } from './world.js';

type Changes = Readonly<Record<string, string | undefined>>;

export interface Tokens {
  readonly access: string;
  readonly refresh: string;
}

export class ClientFlow {
  readonly #world: World;
  /** The tunnel that it wants to use. */
  readonly resource: string;
  clientId = '';
  readonly verifier = randomBytes(32).toString('base64url');
  readonly state = randomBytes(8).toString('hex');

  constructor(world: World, resource: string) {
    this.#world = world;
    this.resource = resource;
  }

  /** A client that has registered itself. */
  static async registered(world: World, resource: string, fields: object = {}): Promise<ClientFlow> {
    const flow = new ClientFlow(world, resource);
    const { status, body } = await flow.register(fields);
    if (status !== 201) throw new Error(JSON.stringify(body));
    flow.clientId = String(body['client_id']);
    return flow;
  }

  register(fields: object, headers: Readonly<Record<string, string>> = {}): Promise<RawResponse> {
    const body = JSON.stringify({ client_name: 'Flow', redirect_uris: [REDIRECT_URI], ...fields });
    return this.send('/oauth2/register', body, { 'content-type': 'application/json', ...headers });
  }

  /** The authorization request; `changes` replaces parameters, or with undefined removes them. */
  url(changes: Changes = {}): string {
    const url = new URL(`${this.#world.base}/oauth2/authorize`);
    url.search = formOf({
      response_type: 'code',
      client_id: this.clientId,
      redirect_uri: REDIRECT_URI,
      code_challenge: createHash('sha256').update(this.verifier).digest('base64url'),
      code_challenge_method: 'S256',
      state: this.state,
      resource: this.resource,
      ...changes,
    });
    return url.href;
  }

  /** The person signs in where that is needed, presses *Allow*, and is sent back with this. */
  async allow(visitor: Visitor, account: string, changes: Changes = {}): Promise<URLSearchParams> {
    const page = await visitor.signIn(this.url(changes), account);
    const { location } = (await decide(visitor, page, 'allow')).headers;
    return new URL(location ?? '').searchParams;
  }

  async code(visitor: Visitor, account: string, changes: Changes = {}): Promise<string> {
    return (await this.allow(visitor, account, changes)).get('code') ?? '';
  }

  /** The token request of a code. */
  exchange(code: string, changes: Changes = {}, headers: Readonly<Record<string, string>> = {}): Promise<RawResponse> {
    const fields = { grant_type: 'authorization_code', code, code_verifier: this.verifier, redirect_uri: REDIRECT_URI };
    return this.token({ ...fields, resource: this.resource, ...changes }, headers);
  }

  refresh(token: string, changes: Changes = {}): Promise<RawResponse> {
    return this.token({ grant_type: 'refresh_token', refresh_token: token, resource: this.resource, ...changes });
  }

  token(fields: Changes, headers: Readonly<Record<string, string>> = {}): Promise<RawResponse> {
    const form = { 'content-type': 'application/x-www-form-urlencoded', ...headers };
    return this.send('/oauth2/token', formOf({ client_id: this.clientId, ...fields }), form);
  }

  revoke(token: string): Promise<RawResponse> {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    return this.send('/oauth2/revoke', formOf({ client_id: this.clientId, token }), form);
  }

  /** From nothing to tokens. */
  async signIn(visitor: Visitor, account: string): Promise<Tokens> {
    return tokensOf(await this.exchange(await this.code(visitor, account)));
  }

  /** A request to an endpoint of the edge, of any text. */
  async send(path: string, body: string, headers: Readonly<Record<string, string>>): Promise<RawResponse> {
    const response = await this.#world.visitor().bare(this.#world.base + path, { method: 'POST', headers, body });
    return { status: response.status, headers: response.headers, body: JSON.parse(response.text) };
  }
}

export function tokensOf({ status, body }: RawResponse): Tokens {
  if (status !== 200) throw new Error(JSON.stringify(body));
  return { access: String(body['access_token']), refresh: String(body['refresh_token']) };
}

function formOf(fields: Changes): string {
  const given = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  return new URLSearchParams(given).toString();
}
