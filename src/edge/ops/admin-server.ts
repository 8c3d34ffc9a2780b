/** The admin address, which is private: health and readiness of the process, its output and metrics, and the hosts it serves. */
import { createServer, type Server } from 'node:http';
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

export interface AdminOptions {
  /** Returns the reason when the edge is not ready. */
  readonly isReady: () => true | string;
  readonly notes: () => readonly string[];
  /** In the text format of Prometheus. */
  readonly metrics: () => string;
  /** Whether a host, in lower case, is the base host or that of an online tunnel. */
  readonly serves: (host: string) => boolean;
}

/** Creates the server. */
export function createAdminServer({ isReady, notes, metrics, serves }: AdminOptions): Server {
  return createServer(STRICT_PARSER, (request, response) => {
    const respond = (status: number, text: string, type = 'text/plain; charset=utf-8') => {
      response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
      response.end(text);
    };
    if (request.url === '/healthz') return respond(200, `${['ok', ...notes()].join('\n')}\n`);
    if (request.url === '/metrics') return respond(200, metrics(), METRICS_TYPE);
    if (request.url === '/readyz') {
      const ready = isReady();
      return ready === true ? respond(200, 'ready\n') : respond(503, `${ready}\n`);
    }
    // Reverse proxies ask before they obtain a certificate for a name that a stranger has asked for.
    const domain = askedDomain(request.url ?? '');
    if (domain !== undefined && serves(domain)) return respond(200, 'served\n');
    respond(404, 'not found\n');
  });
}

// `/ask?domain=NAME`, as Caddy asks (`on_demand_tls`).
function askedDomain(url: string): string | undefined {
  const query = url.startsWith('/ask?') ? new URLSearchParams(url.slice('/ask?'.length)) : undefined;
  return query?.get('domain')?.toLowerCase();
}
