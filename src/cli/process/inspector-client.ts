/** Calls the inspector of running tunnels on this machine, with the key that their agent has left for this user. */
import { randomBytes } from 'node:crypto';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { isProof, PROOF_PATH } from '../../agent/inspector/proof.js';
import type {
  ApiError,
  Exchange,
  ExchangeDetail,
  ExchangeList,
  ReplayRequest,
  ReplayResult,
  TunnelInfo,
} from '../../agent/inspector/wire.js';
import { STRICT_PARSER } from '../../http/strict-http.js';
import { CommandError } from './exit.js';
import type { PublishedInspector } from './inspector-files.js';

// All exchanges that an inspector keeps, as rows.
const MAX_RESPONSE_BYTES = 67_108_864;
const MAX_PROOF_BYTES = 1_024;
// On one machine: what has not responded within this time is no inspector.
const PROOF_MS = 2_000;

export class InspectorClient {
  readonly inspector: PublishedInspector;

  constructor(inspector: PublishedInspector) {
    this.inspector = inspector;
  }

  /** Whether what listens there is the inspector that has left the key; until then it is told nothing. Never rejects. */
  async isGenuine(): Promise<boolean> {
    const nonce = randomBytes(16).toString('base64url');
    try {
      const signal = AbortSignal.timeout(PROOF_MS);
      const response = await this.#request(PROOF_PATH + nonce, { headers: {}, signal });
      const { proof } = (await readJson(response, MAX_PROOF_BYTES)) as { readonly proof?: unknown };
      return isProof(proof, this.inspector.key, nonce);
    } catch {
      return false; // there is none, or it is not an inspector
    }
  }

  /** The tunnels of its process. */
  async tunnels(): Promise<readonly TunnelInfo[]> {
    return ((await this.#call('GET', '/api/pause')) as Pick<ExchangeList, 'tunnels'>).tunnels;
  }

  /** Newest first. */
  async exchanges(query: {
    readonly filter?: string;
    readonly limit?: number;
    readonly before?: number;
  }): Promise<ExchangeList> {
    const pairs = Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]);
    return (await this.#call('GET', `/api/exchanges?${new URLSearchParams(pairs)}`)) as ExchangeList;
  }

  async exchange(id: string): Promise<Exchange> {
    return (await this.#call('GET', `/api/exchanges/${encodeURIComponent(id)}`)) as Exchange;
  }

  /** With its secrets. */
  async revealed(id: string): Promise<ExchangeDetail> {
    return (await this.#call('POST', `/api/exchanges/${encodeURIComponent(id)}/reveal`, {})) as ExchangeDetail;
  }

  async replay(id: string, request: ReplayRequest): Promise<ReplayResult> {
    return (await this.#call('POST', `/api/exchanges/${encodeURIComponent(id)}/replay`, request)) as ReplayResult;
  }

  /** The stream of events. */
  async events(): Promise<IncomingMessage> {
    const response = await this.#request('/api/events', { headers: this.#headers });
    if (response.statusCode === 200) return response.setEncoding('utf8');
    throw new CommandError(`the inspector refused with status ${response.statusCode}.`);
  }

  get #headers() {
    return { Authorization: `Bearer ${this.inspector.key}`, 'Content-Type': 'application/json' };
  }

  async #call(method: string, path: string, body?: object): Promise<unknown> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const response = await this.#request(path, { method, headers: this.#headers }, text);
    const value = await readJson(response, MAX_RESPONSE_BYTES);
    if (response.statusCode !== undefined && response.statusCode < 300) return value;
    throw new CommandError(
      (value as Partial<ApiError> | undefined)?.error?.message ?? `status ${response.statusCode}.`,
    );
  }

  #request(
    path: string,
    options: { readonly method?: string; readonly headers: Record<string, string>; readonly signal?: AbortSignal },
    body?: string,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const url = new URL(path, this.inspector.origin);
      const request = requestHttp(url, { ...STRICT_PARSER, ...options }, resolve);
      request.on('error', (error) => reject(new CommandError(`the inspector cannot be reached: ${error.message}.`)));
      request.end(body);
    });
  }
}

/** Undefined for a response without a body. */
async function readJson(response: IncomingMessage, maxBytes: number): Promise<unknown> {
  let text = '';
  for await (const piece of response.setEncoding('utf8')) {
    text += piece;
    if (text.length > maxBytes) throw new CommandError('the inspector sends more than it can keep.');
  }
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch (error) {
    throw new CommandError('what answers there is no inspector.', undefined, { cause: error });
  }
}
