/** An agent's side of its sign-in, as any OAuth client can play it: `openid-client` against a world's edge, and raw requests. */
import * as oauth from 'openid-client';
import { readForms } from './forms.js';
import type { Visitor, VisitorResponse } from './visitor.js';
import type { World } from './world.js';

/** Where nothing listens: what would arrive there is read from the redirect. */
export const REDIRECT_URI = 'http://127.0.0.1:9/callback';

/** The client, with what the edge's metadata says. */
export function discover(world: World): Promise<oauth.Configuration> {
  return oauth.discovery(new URL(world.base), 'postern', { token_endpoint_auth_method: 'none' }, oauth.None(), {
    algorithm: 'oauth2',
    execute: [oauth.allowInsecureRequests],
  });
}

export interface Started {
  readonly url: URL;
  readonly verifier: string;
  readonly state: string;
}

/** An authorization request; `changes` replaces parameters, or with undefined removes them. */
export async function start(
  config: oauth.Configuration,
  changes: Readonly<Record<string, string | undefined>> = {},
): Promise<Started> {
  const verifier = oauth.randomPKCECodeVerifier();
  const state = oauth.randomState();
  const url = oauth.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT_URI,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    machine: 'test-machine',
    user: 'tester',
  });
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  return { url, verifier, state };
}

/** Presses a button of a page that asks, and gives the response without following it. */
export function decide(visitor: Visitor, page: VisitorResponse, decision: 'allow' | 'deny'): Promise<VisitorResponse> {
  const form = readForms(page.text, page.url).find(({ buttons }) => buttons.some(([, value]) => value === decision));
  if (form === undefined) throw new Error(`no question at ${page.url} (${page.status}):\n${page.text}`);
  const fields = [...form.fields, ['decision', decision] as const].map(([name, value]) => [name, value]);
  return post(visitor, form.action.href, Object.fromEntries(fields));
}

/** Posts a form as a page of the edge does. */
export function post(
  visitor: Visitor,
  url: string,
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string | undefined>> = {},
): Promise<VisitorResponse> {
  return visitor.navigate(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(fields).toString(),
    initiator: new URL(url).origin,
  });
}

/** Signs a person in at the edge, who allows the request: the URL of the response, unvisited. */
export async function allow(visitor: Visitor, { url }: Pick<Started, 'url'>, account = 'ana'): Promise<URL> {
  const page = await visitor.signIn(url.href, account);
  const { headers } = await decide(visitor, page, 'allow');
  return new URL(headers.location ?? '');
}

/** A whole sign-in in the browser: the tokens. */
export async function signIn(world: World, account = 'ana', config?: oauth.Configuration) {
  const client = config ?? (await discover(world));
  const started = await start(client);
  const response = await allow(world.visitor(), started, account);
  return exchange(client, response, started);
}

export function exchange(config: oauth.Configuration, response: URL, { verifier, state }: Started) {
  return oauth.authorizationCodeGrant(config, response, { pkceCodeVerifier: verifier, expectedState: state });
}

export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** One request to an endpoint for agents. */
export async function send(
  world: World,
  path: string,
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawResponse> {
  const response = await world.visitor().bare(`${world.base}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams({ client_id: 'postern', ...fields }).toString(),
  });
  return { status: response.status, headers: response.headers, body: JSON.parse(response.text) };
}
