/** The admin address, which is private: health and readiness of the process, its output and metrics, and the hosts it serves. */
import { createServer, type Server } from 'node:http';
import type { MaybePromise } from '../../core/maybe-promise.js';
import { METRICS_TYPE } from '../../core/metrics.js';
import { STRICT_PARSER } from '../../http/strict-http.js';

/** The state of log and audit record. */
export interface OutputHealth {
  /** Whether audit records can be written. */
  isRecording(): boolean;
  /** Problems of the log, one per line. Contains no values from outside. */
  notes(): readonly string[];
  /** How many lines found no room, since the start. */
  droppedLines(): number;
}

/** What one edge process says. */
export interface Status {
  /** Returns the reason when it is not ready. */
  isReady(): true | string;
  notes(): readonly string[];
  /** In the text format of Prometheus. */
  metrics(): string;
  serves(host: string): boolean;
}

export interface AdminOptions {
  /** Returns the reason when the edge is not ready. */
  readonly isReady: () => MaybePromise<true | string>;
  readonly notes: () => MaybePromise<readonly string[]>;
  /** In the text format of Prometheus. */
  readonly metrics: () => MaybePromise<string>;
  /** Whether a host, in lower case, is the base host or that of an online tunnel. */
  readonly serves: (host: string) => MaybePromise<boolean>;
}

/** Creates the server. */
export function createAdminServer(options: AdminOptions): Server {
  return createServer(STRICT_PARSER, (request, response) => {
    const respond = ({ status, text, type = 'text/plain; charset=utf-8' }: Said) => {
      response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
      response.end(text);
    };
    say(request.url ?? '', options).then(respond, () => respond({ status: 500, text: 'failed\n' }));
  });
}

interface Said {
  readonly status: number;
  readonly text: string;
  readonly type?: string;
}

async function say(url: string, { isReady, notes, metrics, serves }: AdminOptions): Promise<Said> {
  const [path] = url.split('?', 1); // a scraper or a probe may add parameters
  if (path === '/healthz') return { status: 200, text: `${['ok', ...(await notes())].join('\n')}\n` };
  if (path === '/metrics') return { status: 200, text: await metrics(), type: METRICS_TYPE };
  if (path === '/readyz') {
    const ready = await isReady();
    return ready === true ? { status: 200, text: 'ready\n' } : { status: 503, text: `${ready}\n` };
  }
  // Reverse proxies ask before they obtain a certificate for a name that a stranger has asked for.
  const domain = askedDomain(url);
  if (domain !== undefined && (await serves(domain))) return { status: 200, text: 'served\n' };
  return { status: 404, text: 'not found\n' };
}

// `/ask?domain=NAME`, as Caddy asks (`on_demand_tls`).
function askedDomain(url: string): string | undefined {
  const query = url.startsWith('/ask?') ? new URLSearchParams(url.slice('/ask?'.length)) : undefined;
  return query?.get('domain')?.toLowerCase();
}
