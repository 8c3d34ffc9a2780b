/** Calls the inspector of a running tunnel on this machine, with the key that its agent has left for this user. */
import { type IncomingMessage, request as requestHttp } from 'node:http';
import type {
  ApiError,
  Exchange,
  ExchangeDetail,
  ExchangeList,
  ReplayRequest,
  ReplayResult,
} from '../../agent/inspector/wire.js';
import { STRICT_PARSER } from '../../http/strict-http.js';
import { CommandError, EXIT } from './exit.js';
import { type RunningInspector, runningInspectors } from './inspector-files.js';

// All exchanges that an inspector keeps, as rows.
const MAX_RESPONSE_BYTES = 67_108_864;

export class InspectorClient {
  readonly inspector: RunningInspector;

  constructor(inspector: RunningInspector) {
    this.inspector = inspector;
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

  /** Whether the tunnel can be reached now. */
  async isOnline(): Promise<boolean> {
    const { status } = (await this.#call('GET', '/api/status')) as { readonly status?: unknown };
    return status === 'online';
  }

  /** The stream of events. */
  async events(signal?: AbortSignal): Promise<IncomingMessage> {
    const response = await this.#request('GET', '/api/events', undefined, signal);
    if (response.statusCode === 200) return response.setEncoding('utf8');
    throw new CommandError(`the inspector refused with status ${response.statusCode}.`);
  }

  async #call(method: string, path: string, body?: object): Promise<unknown> {
    const response = await this.#request(method, path, body);
    let text = '';
    for await (const piece of response.setEncoding('utf8')) {
      text += piece;
      if (text.length > MAX_RESPONSE_BYTES) throw new CommandError('the inspector sends more than it can keep.');
    }
    const value: unknown = text === '' ? undefined : parse(text);
    if (response.statusCode !== undefined && response.statusCode < 300) return value;
    throw new CommandError(
      (value as Partial<ApiError> | undefined)?.error?.message ?? `status ${response.statusCode}.`,
    );
  }

  #request(method: string, path: string, body?: object, signal?: AbortSignal): Promise<IncomingMessage> {
    const { origin, key } = this.inspector;
    const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
    return new Promise((resolve, reject) => {
      const url = new URL(path, origin);
      const request = requestHttp(url, { ...STRICT_PARSER, method, headers, ...(signal && { signal }) }, resolve);
      request.on('error', (error) => reject(new CommandError(`the inspector cannot be reached: ${error.message}.`)));
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

/** The running tunnel that is meant: the one of that name, else the only one. */
export function onlyInspector(name: string | undefined): InspectorClient {
  const running = runningInspectors();
  const [found, ...others] = name === undefined ? running : running.filter(({ tunnel }) => tunnel === name);
  if (found === undefined)
    throw new CommandError('no tunnel with an inspector runs on this machine: start one, or choose another --name.');
  if (others.length === 0) return new InspectorClient(found);
  const names = running.map(({ tunnel }) => tunnel).join(', ');
  throw new CommandError(`several tunnels run on this machine: choose one with --name (${names}).`, EXIT.usage);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CommandError('what answers there is no inspector.', EXIT.failure, { cause: error });
  }
}
