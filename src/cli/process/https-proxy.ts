/**
 * Connections through an HTTP proxy (`HTTPS_PROXY`, `NO_PROXY`): one CONNECT request (RFC 9110 section 9.3.6), then TLS with
 * the edge inside it. Node has this built in from version 24 only. Written by hand, since `https-proxy-agent` takes a proxy's
 * refusal for the edge's and holds its head without bounds of size and time, and `proxy-from-env` reads NO_PROXY differently
 * from curl and Go (docs/dependencies.md).
 */
import { type Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, Agent as TlsAgent } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { ConfigError } from '../../config/config-error.js';
import { isLoopback } from '../../core/hostname.js';
import { STRICT_PARSER } from '../../http/strict-http.js';

type Env = Readonly<Record<string, string | undefined>>;
type Connected = (error: Error | null, socket?: Duplex) => void;

// Longer than a working proxy takes, shorter than a person waits.
const CONNECT_TIMEOUT_MS = 10_000;

/** Connects through a proxy. */
export interface ProxyAgent extends Agent {
  /** Host and port of the proxy, for messages. */
  readonly proxyHost: string;
}

/**
 * An agent for connections to an edge; undefined when it is dialled directly. Throws `ConfigError` when `HTTPS_PROXY` is not
 * the URL of a proxy.
 */
export function proxyAgentFor(edge: string, env: Env): ProxyAgent | undefined {
  const { protocol, hostname, port } = new URL(edge);
  const text = env['HTTPS_PROXY'] || env['https_proxy'];
  if (protocol !== 'https:' || !text || isLoopback(hostname) || bypassesProxy(hostname, port || '443', env))
    return undefined;
  const url = readProxyUrl(text);
  if (url !== undefined) return new ConnectAgent(url);
  throw new ConfigError(['HTTPS_PROXY is not the URL of a proxy: expected one such as http://proxy.acme.com:3128.']);
}

function readProxyUrl(text: string): URL | undefined {
  const full = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  return url?.protocol === 'http:' || url?.protocol === 'https:' ? url : undefined;
}

function bypassesProxy(hostname: string, port: string, env: Env): boolean {
  const listed = (env['NO_PROXY'] || env['no_proxy'] || '').split(/[\s,]+/).filter((item) => item !== '');
  return listed.some((item) => {
    const [, name = '', itemPort] = /^(.*?)(?::(\d+))?$/.exec(item.toLowerCase()) ?? [];
    if (itemPort !== undefined && itemPort !== port) return false;
    const bare = name.replace(/^\*?\./, '');
    return name === '*' || hostname === bare || hostname.endsWith(`.${bare}`);
  });
}

class ConnectAgent extends TlsAgent implements ProxyAgent {
  readonly #url: URL;

  constructor(url: URL) {
    super({ keepAlive: false }); // each socket becomes a link and is not reused
    this.#url = url;
  }

  get proxyHost(): string {
    return this.#url.host;
  }

  override createConnection(options: Record<string, unknown>, connected: Connected): undefined {
    const host = String(options['host']);
    const authority = `${host.includes(':') ? `[${host}]` : host}:${options['port']}`;
    const request = (this.#url.protocol === 'https:' ? httpsRequest : httpRequest)(this.#url, {
      method: 'CONNECT',
      path: authority,
      headers: { Host: authority, ...this.#credentials() },
      agent: false,
      ...STRICT_PARSER,
      timeout: CONNECT_TIMEOUT_MS,
    });
    request.once('connect', (response: IncomingMessage, socket: Socket, head: Buffer) => {
      if (response.statusCode !== 200 || head.length > 0) {
        socket.destroy();
        return connected(new Error(`the proxy refused to connect: status ${response.statusCode}`));
      }
      socket.setTimeout(0);
      connected(null, connectTls({ ...options, socket }));
    });
    request.once('timeout', () => request.destroy(new Error('the proxy did not answer')));
    request.once('response', (response) => {
      request.destroy(new Error(`the proxy refused to connect: status ${response.statusCode}`));
    });
    request.once('error', connected);
    request.end();
  }

  #credentials(): Record<string, string> {
    const { username, password } = this.#url;
    if (username === '') return {};
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return { 'Proxy-Authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
  }
}
