/** Requests to an edge: through the HTTPS proxy of the environment, without redirects, with bounds on size and time. */
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { STRICT_PARSER } from '../../http/strict-http.js';
import { proxyAgentFor } from './https-proxy.js';

// A response with one of these has no content (RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5).
const WITHOUT_CONTENT = new Set([204, 205, 304]);

// An edge responds in milliseconds with a few hundred bytes; what is on the path to it may not.
const TIMEOUT_MS = 15_000;
const MAX_BODY_BYTES = 65_536;

export interface EdgeRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** The longest response. Default: 64 KiB. */
  readonly maxBytes?: number;
}

export interface OpenRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly signal: AbortSignal;
}

/** Begins a request, which the caller ends and whose errors it handles. */
export function requestEdge(
  url: URL,
  options: OpenRequest,
  responded: (response: IncomingMessage) => void,
): ClientRequest {
  const agent = proxyAgentFor(url.origin, process.env);
  const checked = {
    ...options,
    rejectUnauthorized: true, // even with NODE_TLS_REJECT_UNAUTHORIZED=0: tokens travel here
    ...STRICT_PARSER,
    ...(agent !== undefined && { agent }),
  };
  return (url.protocol === 'https:' ? requestHttps : requestHttp)(url, checked, responded);
}

/** A whole response. Not the `Response` of the platform: with it Node 20 loads its HTTP client, two to three megabytes that an agent keeps. */
export interface EdgeResponse {
  readonly status: number;
  readonly type: string | undefined;
  readonly content: Buffer<ArrayBuffer>;
}

/** One request. Rejects with the system's error when there is no whole response. */
export function askEdge(
  address: string,
  { method = 'GET', headers = {}, body, maxBytes = MAX_BODY_BYTES }: EdgeRequest = {},
): Promise<EdgeResponse> {
  const content = body === undefined || body === null ? '' : String(body);
  return new Promise((resolve, reject) => {
    const options = {
      method,
      headers: { ...headers, ...(content !== '' && { 'Content-Length': Buffer.byteLength(content) }) },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    };
    const request = requestEdge(new URL(address), options, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        chunks.push(chunk);
        if (size > maxBytes) response.destroy(new Error('the response is too long for one of an edge'));
      });
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0, headers: received } = response;
        resolve({ status, type: received['content-type'], content: Buffer.concat(chunks) });
      });
    });
    request.on('error', reject);
    request.end(content);
  });
}

/** The same for a library that expects what `fetch` returns. Rejects with a `RangeError` for a status that no final response has. */
export async function fetchEdge(address: string, request?: EdgeRequest): Promise<Response> {
  const { status, type, content } = await askEdge(address, request);
  const init = { status, headers: type === undefined ? {} : { 'content-type': type } };
  return new Response(WITHOUT_CONTENT.has(status) ? null : content, init);
}
