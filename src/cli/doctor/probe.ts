/** One request to an edge for a check: status, headers and the beginning of the body, as they came. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { PosternError } from '../../errors.js';
import { readRefusal } from '../../link/handshake.js';
import { linkLost } from '../../link/link.js';
import { adviceFor, explainLost } from '../output/connection-advice.js';
import { requestEdge } from '../process/edge-fetch.js';
import type { Finding } from './check.js';

// What an edge sends here has some kilobytes.
const MAX_CHARACTERS = 65_536;

const TIMEOUT_MS = 10_000;

export interface Probed {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface ProbeOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Where the response may end for this check: it is given all that has come so far. */
  readonly isEnough?: (body: string) => boolean;
}

/** A GET. Rejects with `ERR_LINK_LOST` and its cause when there is no response. */
export function probe(url: URL, { headers = {}, signal, isEnough = () => false }: ProbeOptions): Promise<Probed> {
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  return new Promise<Probed>((resolve, reject) => {
    const responded = (response: IncomingMessage) => {
      let body = '';
      const done = () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      response.setEncoding('latin1').on('data', (text: string) => {
        body += text;
        if (body.length < MAX_CHARACTERS && !isEnough(body)) return;
        done();
        response.destroy();
      });
      response.on('end', done).on('error', reject);
    };
    requestEdge(url, { method: 'GET', headers, signal: inTime }, responded).on('error', reject).end();
  }).catch((error: unknown) => {
    throw linkLost(inTime.aborted ? Object.assign(new Error('no response in time'), { code: 'ETIMEDOUT' }) : error);
  });
}

/** The refusal that a response is: of an edge, or of what else answers there. */
export function refusalIn({ status, body, headers }: Probed): PosternError {
  return readRefusal(status, body, headers.location);
}

/** The failure of a check: what has happened, and what to do about it. */
export function failureOf(error: unknown, edge: string): Finding {
  if (!(error instanceof PosternError)) throw error;
  if (error.code === 'ERR_LINK_LOST') {
    const { reason, remedy } = explainLost(error, edge);
    return { result: 'failure', text: reason, fix: remedy };
  }
  return {
    result: error.retryable ? 'warning' : 'failure',
    text: `${error.text} (${error.code})`,
    fix: adviceFor(error),
  };
}
