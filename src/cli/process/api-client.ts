/** Calls an edge's API (`docs/api.md`) with a token, through the HTTPS proxy of the environment where there is one. */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { text } from 'node:stream/consumers';
import { STRICT_PARSER } from '../../http/strict-http.js';
import { readRefusal } from '../../link/handshake.js';
import { CommandError, EXIT } from './exit.js';
import { proxyAgentFor } from './https-proxy.js';

/** A tunnel as the API describes it. */
export interface ApiTunnel {
  readonly name: string;
  readonly url: string;
  readonly online: boolean;
  readonly allow: readonly string[];
  readonly grants: readonly ApiGrant[];
}

export interface ApiGrant {
  readonly rule: string;
  readonly effect: 'allow' | 'deny';
  readonly expires_at: string | null;
}

/** A person who asks to be let in. */
export interface ApiKnock {
  readonly id: string;
  readonly email: string;
  readonly message: string;
  readonly at: string;
}

interface KnockList {
  readonly knocks: readonly ApiKnock[];
}

// An edge responds in milliseconds; what is on the way to it may not.
const TIMEOUT_MS = 15_000;

export class ApiClient {
  readonly #edge: string;
  readonly #token: string;

  constructor(edge: string, token: string) {
    this.#edge = edge;
    this.#token = token;
  }

  async tunnels(): Promise<readonly ApiTunnel[]> {
    const { tunnels } = (await this.call('GET', '/tunnels')) as { tunnels: readonly ApiTunnel[] };
    return tunnels;
  }

  async grant(tunnel: string, rule: string, body: { effect: 'allow' | 'deny'; for?: string }): Promise<ApiGrant> {
    return (await this.call('PUT', grantPath(tunnel, rule), body)) as ApiGrant;
  }

  async knocks(tunnel: string): Promise<readonly ApiKnock[]> {
    const { knocks } = (await this.call('GET', `/tunnels/${encodeURIComponent(tunnel)}/knocks`)) as KnockList;
    return knocks;
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
    if (status >= 200 && status < 300) return content === '' ? undefined : JSON.parse(content);
    const error = readRefusal(status, content);
    if (method === 'DELETE' && error.code === 'ERR_NOT_FOUND') return NOT_FOUND;
    throw new CommandError(
      `the edge refused: ${error.text} (${error.code})`,
      status === 401 ? EXIT.refused : EXIT.failure,
      { cause: error },
    );
  }

  async #exchange(method: string, path: string, body?: object): Promise<{ status: number; content: string }> {
    const url = new URL(`/.postern/api/v1${path}`, this.#edge);
    const agent = proxyAgentFor(this.#edge, process.env);
    const content = body === undefined ? '' : JSON.stringify(body);
    const headers = {
      Authorization: `Bearer ${this.#token}`,
      Accept: 'application/json',
      ...(body !== undefined && { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(content) }),
    };
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    return new Promise((resolve, reject) => {
      const options = { method, headers, signal, ...STRICT_PARSER, ...(agent !== undefined && { agent }) };
      const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, options, (response) => {
        text(response).then((read) => resolve({ status: response.statusCode ?? 0, content: read }), reject);
      });
      request.on('error', reject);
      request.end(content);
    });
  }
}

const NOT_FOUND = Symbol('not found');

function grantPath(tunnel: string, rule: string): string {
  return `/tunnels/${encodeURIComponent(tunnel)}/grants/${encodeURIComponent(rule)}`;
}
