/** Calls an edge's API (`docs/api.md`) with a token, through the HTTPS proxy of the environment where there is one. */
import type { IncomingMessage } from 'node:http';
import { PosternError } from '../../errors.js';
import { readRefusal } from '../../link/handshake.js';
import type {
  ApiAccessToken,
  ApiAgentToken,
  ApiGrant,
  ApiInvite,
  ApiKnock,
  ApiNewAccessToken,
  ApiPerson,
  ApiTunnel,
} from './api-types.js';
import { askEdge, requestEdge } from './edge-fetch.js';
import { CommandError, EXIT } from './exit.js';

// A page of a hundred tunnels with a hundred grants each is a tenth of it. An edge of another release may send more.
const MAX_RESPONSE_BYTES = 67_108_864;

// A list of a hundred thousand entries: an edge has no longer one.
const MAX_PAGES = 1_000;

export class ApiClient {
  readonly #edge: string;
  readonly #token: () => string | Promise<string>;

  /** A token that is renewed meanwhile is a function. */
  constructor(edge: string, token: string | (() => Promise<string>)) {
    this.#edge = edge;
    this.#token = typeof token === 'string' ? () => token : token;
  }

  async tunnels(): Promise<readonly ApiTunnel[]> {
    return this.#list('/tunnels', 'tunnels');
  }

  async tunnel(name: string): Promise<ApiTunnel> {
    return (await this.call('GET', `/tunnels/${encodeURIComponent(name)}`)) as ApiTunnel;
  }

  async grant(tunnel: string, rule: string, body: { effect: 'allow' | 'deny'; for?: string }): Promise<ApiGrant> {
    return (await this.call('PUT', grantPath(tunnel, rule), body)) as ApiGrant;
  }

  /** All of them: a tunnel itself has the first page only. */
  async grants(tunnel: string): Promise<readonly ApiGrant[]> {
    return this.#list(`/tunnels/${encodeURIComponent(tunnel)}/grants`, 'grants');
  }

  async knocks(tunnel: string): Promise<readonly ApiKnock[]> {
    return this.#list(`/tunnels/${encodeURIComponent(tunnel)}/knocks`, 'knocks');
  }

  async accessTokens(tunnel: string): Promise<readonly ApiAccessToken[]> {
    return this.#list(tokensPath(tunnel), 'access_tokens');
  }

  async createAccessToken(tunnel: string, body: { name: string; for?: string }): Promise<ApiNewAccessToken> {
    return (await this.call('POST', tokensPath(tunnel), body)) as ApiNewAccessToken;
  }

  /** Resolves to whether there was such a token. */
  async revokeAccessToken(tunnel: string, id: string): Promise<boolean> {
    return (await this.call('DELETE', `${tokensPath(tunnel)}/${encodeURIComponent(id)}`)) !== NOT_FOUND;
  }

  async agentTokens(): Promise<readonly ApiAgentToken[]> {
    return this.#list('/tokens', 'tokens');
  }

  /** Resolves to whether there was such a token. */
  async revokeAgentToken(id: string): Promise<boolean> {
    return (await this.call('DELETE', `/tokens/${encodeURIComponent(id)}`)) !== NOT_FOUND;
  }

  /** Answers a person who asks to be let in. */
  async answer(tunnel: string, id: string, body: { answer: 'allow' | 'deny'; for?: string }): Promise<void> {
    await this.call('POST', `/tunnels/${encodeURIComponent(tunnel)}/knocks/${encodeURIComponent(id)}`, body);
  }

  /** A fresh assertion for one that the edge has signed for a tunnel. */
  async renewAssertion(tunnel: string, assertion: string): Promise<string> {
    const path = `/tunnels/${encodeURIComponent(tunnel)}/assertions`;
    const renewed = ((await this.call('POST', path, { assertion })) ?? {}) as { readonly assertion?: unknown };
    if (typeof renewed.assertion === 'string') return renewed.assertion;
    throw new CommandError(`${NOT_AN_EDGE}: it sent no assertion.`);
  }

  async people(tunnel: string): Promise<readonly ApiPerson[]> {
    return this.#list(`/tunnels/${encodeURIComponent(tunnel)}/people`, 'people');
  }

  async invites(tunnel: string): Promise<readonly ApiInvite[]> {
    return this.#list(invitesPath(tunnel), 'invites');
  }

  /** Makes an invite; the response alone has its link. */
  async invite(
    tunnel: string,
    body: { for?: string | undefined; uses?: number | undefined; email?: string | undefined },
  ): Promise<ApiInvite & { readonly url: string }> {
    return (await this.call('POST', invitesPath(tunnel), body)) as ApiInvite & { readonly url: string };
  }

  /** Resolves to whether there was such an invite. */
  async revokeInvite(tunnel: string, id: string): Promise<boolean> {
    return (await this.call('DELETE', `${invitesPath(tunnel)}/${encodeURIComponent(id)}`)) !== NOT_FOUND;
  }

  /** The stream of events, from the one behind an id on. Throws as `call` does; ends when `signal` aborts. */
  async events(lastId: string | undefined, signal: AbortSignal): Promise<IncomingMessage> {
    const more = { Accept: 'text/event-stream', ...(lastId !== undefined && { 'Last-Event-ID': lastId }) };
    const headers = { ...(await this.#authorization()), ...more };
    return new Promise((resolve, reject) => {
      const request = requestEdge(new URL(this.#urlOf('/events')), { method: 'GET', headers, signal }, (response) => {
        const { statusCode = 0 } = response;
        if (statusCode === 200) return resolve(response.setEncoding('utf8'));
        response.destroy(); // the status says enough
        reject(refusalOf(statusCode, ''));
      });
      request.on('error', reject);
      request.end();
    });
  }

  /** Resolves to whether anything was granted in these words. */
  async takeBack(tunnel: string, rule: string): Promise<boolean> {
    return (await this.call('DELETE', grantPath(tunnel, rule))) !== NOT_FOUND;
  }

  /**
   * One request. Resolves to the JSON of the response, and for `ERR_NOT_FOUND` of a DELETE to `NOT_FOUND`. Throws a
   * `CommandError` with the sentence of the edge: exit code 4 for a refused credential, else 1.
   */
  async call(method: string, path: string, body?: object): Promise<unknown> {
    const { status, content } = await this.#exchange(method, path, body).catch((error: Error) => {
      throw new CommandError(`the edge cannot be reached: ${error.message}.`, EXIT.failure, { cause: error });
    });
    if (status >= 200 && status < 300) return content === '' ? undefined : parse(content);
    const refusal = refusalOf(status, content);
    if (method === 'DELETE' && isNotFound(refusal)) return NOT_FOUND;
    throw refusal;
  }

  /** All pages of a list. An edge without pages sends the whole list at once. */
  async #list<Item>(path: string, name: string): Promise<readonly Item[]> {
    const items: Item[] = [];
    let query = '';
    for (let page = 0; page < MAX_PAGES; page++) {
      const body = ((await this.call('GET', path + query)) ?? {}) as Readonly<Record<string, unknown>>;
      const { [name]: listed, next } = body;
      if (!Array.isArray(listed)) throw new CommandError(`${NOT_AN_EDGE}: it sent no list.`, EXIT.failure);
      for (const item of listed) items.push(item);
      if (typeof next !== 'string') return items;
      query = `?cursor=${encodeURIComponent(next)}`;
    }
    throw new CommandError(`${NOT_AN_EDGE}: its list has no end.`, EXIT.failure);
  }

  async #exchange(method: string, path: string, body?: object): Promise<{ status: number; content: string }> {
    const headers = {
      ...(await this.#authorization()),
      Accept: 'application/json',
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
    };
    const content = body === undefined ? undefined : JSON.stringify(body);
    const request = { method, headers, body: content, maxBytes: MAX_RESPONSE_BYTES };
    const response = await askEdge(this.#urlOf(path), request);
    return { status: response.status, content: response.content.toString() };
  }

  async #authorization(): Promise<{ readonly Authorization: string }> {
    return { Authorization: `Bearer ${await this.#token()}` };
  }

  #urlOf(path: string): string {
    return new URL(`/.postern/api/v1${path}`, this.#edge).href;
  }
}

const NOT_AN_EDGE = 'the address does not respond as an edge does';

function parse(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch (error) {
    throw new CommandError(`${NOT_AN_EDGE}: that is not JSON.`, EXIT.failure, { cause: error });
  }
}

/** Whether the edge has refused, so that trying again changes nothing. */
export function isRefusal(error: unknown): boolean {
  return error instanceof CommandError && error.cause instanceof PosternError && !error.cause.retryable;
}

function isNotFound({ cause }: CommandError): boolean {
  return cause instanceof PosternError && cause.code === 'ERR_NOT_FOUND';
}

function refusalOf(status: number, content: string): CommandError {
  const error = readRefusal(status, content);
  const exitCode = status === 401 ? EXIT.refused : EXIT.failure;
  return new CommandError(`the edge refused: ${error.text} (${error.code})`, exitCode, { cause: error });
}

const NOT_FOUND = Symbol('not found');

function tokensPath(tunnel: string): string {
  return `/tunnels/${encodeURIComponent(tunnel)}/access-tokens`;
}

function invitesPath(tunnel: string): string {
  return `/tunnels/${encodeURIComponent(tunnel)}/invites`;
}

function grantPath(tunnel: string, rule: string): string {
  return `/tunnels/${encodeURIComponent(tunnel)}/grants/${encodeURIComponent(rule)}`;
}
