/**
 * A visitor without a browser: HTTP/1.1 on `node:http`, always dialling 127.0.0.1 whatever the host says, with the
 * cookies (cookie-jar.ts) and the `Sec-Fetch-*`, `Origin` and `Accept` lines that Chromium would send. It follows
 * redirects, self-posting pages and the script of the edge's own pages across edge and provider only when asked to.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  Agent,
  type ClientRequest,
  request as dialHttp,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http';
import { request as dialHttps, Agent as TlsAgent } from 'node:https';
import { connect } from 'node:net';
import { type Readable, Stream } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { WebSocket } from 'ws';
import { type CookieContext, CookieJar, isTrustworthy } from './cookie-jar.js';
import { deferred } from './deferred.js';
import { postsItself, readForms } from './forms.js';
import { type HandOff, readHandOff } from './hand-off.js';
import { CERTIFICATE_PATH } from './tls-front.js';

/** How the request comes about: typed or clicked, `fetch()` of a page, or a bare tool without browser headers. */
export type RequestKind = 'navigation' | 'fetch' | 'bare';

export interface VisitOptions {
  readonly method?: string;
  /** Added to what the kind brings; `undefined` removes a header that the kind would bring. Names are lower-case. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body?: string | Uint8Array | Readable;
  /** The origin of the page that asks; typed into the address bar unless given. */
  readonly initiator?: string;
  /** The request target, byte for byte, when it is not what the URL parser makes of the URL. */
  readonly path?: string;
  readonly trailers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** The head of an answer whose body is still to be read from `body`. */
export interface OpenResponse {
  readonly url: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  /** 1xx heads that came before. */
  readonly informational: readonly { readonly status: number; readonly headers: IncomingHttpHeaders }[];
  readonly request: ClientRequest;
  readonly body: IncomingMessage;
}

/** A whole answer. */
export interface VisitorResponse extends Omit<OpenResponse, 'body' | 'request'> {
  readonly bytes: Buffer;
  readonly text: string;
  readonly trailers: NodeJS.Dict<string>;
  readonly setCookies: readonly string[];
  /** Every URL that was asked for on the way here, this one last. */
  readonly trail: readonly string[];
  json(): unknown;
}

export class Visitor {
  readonly jar: CookieJar;
  /** The URL of the latest request, which a failed one leaves behind. */
  lastUrl = '';
  /** Sent with every request, lower-case names; those of the request itself go before. */
  readonly headers: Record<string, string> = {};
  readonly #agent = new Agent({ keepAlive: true });
  readonly #tlsAgent = new TlsAgent({ keepAlive: true });
  readonly #sockets = new Set<WebSocket>();
  readonly #wayTo: (port: number) => number;
  // What the script of the edge's pages keeps in the tab: paths to return to, by the state of the sign-in.
  readonly #keptPaths = new Map<string, string>();

  /** `wayTo`: the port to dial where a URL names this one. */
  constructor(wayTo: (port: number) => number = (port) => port, jar = new CookieJar()) {
    this.jar = jar;
    this.#wayTo = wayTo;
  }

  /** One top-level navigation, without following what it answers. */
  navigate(url: string, options: VisitOptions = {}): Promise<VisitorResponse> {
    return this.#exchange(url, 'navigation', options);
  }

  /** One request as a script of a page makes it; same-origin unless `initiator` says otherwise. */
  fetch(url: string, options: VisitOptions = {}): Promise<VisitorResponse> {
    return this.#exchange(url, 'fetch', { initiator: new URL(url).origin, ...options });
  }

  /** One request with nothing but `Host`, the cookies and the given headers. */
  bare(url: string, options: VisitOptions = {}): Promise<VisitorResponse> {
    return this.#exchange(url, 'bare', options);
  }

  /** A navigation that follows redirects and self-posting pages, at most thirty, as a browser does. */
  async open(url: string, options: VisitOptions = {}): Promise<VisitorResponse> {
    return this.#follow(await this.navigate(url, options), options.initiator);
  }

  /** Presses a button of a page: posts its first form that has `button`, and follows. */
  async press(page: VisitorResponse, button?: readonly [name: string, value: string]): Promise<VisitorResponse> {
    const form = readForms(page.text, page.url).find(
      ({ buttons }) =>
        button === undefined || buttons.some(([name, value]) => name === button[0] && value === button[1]),
    );
    if (form === undefined)
      throw new Error(`no form with ${button?.join('=') ?? 'a button'} at ${page.url}:\n${page.text}`);
    const fields = new URLSearchParams(
      [...form.fields, ...(button ? [button] : [])].map(([name, value]) => [name, value]),
    );
    const initiator = new URL(page.url).origin;
    if (form.method === 'GET')
      return this.open(`${form.action.origin}${form.action.pathname}?${fields}`, { initiator });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return this.open(form.action.href, { method: 'POST', headers, body: fields.toString(), initiator });
  }

  /**
   * Opens a URL, chooses the account when the provider asks, and gives the page at the end of it. With a session
   * at the provider the choice may not be asked for.
   */
  async signIn(url: string, account: string): Promise<VisitorResponse> {
    const page = await this.open(url);
    return new URL(page.url).pathname.startsWith('/interaction/') ? this.press(page, ['account', account]) : page;
  }

  /** Sends a request and gives the answer as soon as its head is here; the body is the caller's to read or destroy. */
  async stream(url: string, kind: RequestKind = 'fetch', options: VisitOptions = {}): Promise<OpenResponse> {
    const target = new URL(url);
    this.lastUrl = url;
    const request = this.#dial(target, kind, options);
    const informational: { status: number; headers: IncomingHttpHeaders }[] = [];
    request.on('information', ({ statusCode, headers }) => informational.push({ status: statusCode, headers }));
    const answered = once(request, 'response') as Promise<[IncomingMessage]>;
    // An answer may come before the body is sent; the failure that then ends the sending says nothing more.
    const sent = send(request, options).then(() => answered);
    const [body] = await Promise.race([answered, sent]);
    sent.catch(() => {});
    for (const line of body.headers['set-cookie'] ?? []) this.jar.set(line, target);
    const { statusCode: status = 0, headers, rawHeaders } = body;
    return { url, status, headers, rawHeaders, informational, request, body };
  }

  /** Opens a WebSocket with the cookies of its host. Resolves when it is open; rejects with `RefusedUpgrade`. */
  async socket(url: string, options: { protocols?: string[]; headers?: Record<string, string>; origin?: string } = {}) {
    const target = new URL(url);
    const cookie = this.jar.header(target, { site: 'same-origin', safeNavigation: false });
    const secure = target.protocol === 'https:' || target.protocol === 'wss:';
    const address = `${secure ? 'wss' : 'ws'}://127.0.0.1:${this.#wayTo(portOf(target))}${target.pathname}${target.search}`;
    const socket = new WebSocket(address, options.protocols ?? [], {
      ...(secure ? tlsOptions(target) : {}),
      headers: {
        host: target.host,
        origin: options.origin ?? target.origin.replace(/^ws/, 'http'),
        ...(cookie ? { cookie } : {}),
        ...options.headers,
      },
    });
    this.#sockets.add(socket.on('close', () => this.#sockets.delete(socket)));
    const opened = deferred<WebSocket>();
    socket.on('open', () => opened.resolve(socket)).on('error', opened.reject);
    socket.on('unexpected-response', (_request, response) => {
      readWhole(response).then((bytes) => opened.reject(new RefusedUpgrade(response, bytes)), opened.reject);
    });
    return opened.promise;
  }

  /** Ends every connection. */
  close(): void {
    this.#agent.destroy();
    this.#tlsAgent.destroy();
    for (const socket of this.#sockets) socket.terminate();
  }

  async #exchange(
    url: string,
    kind: RequestKind,
    options: VisitOptions,
    trail: readonly string[] = [],
  ): Promise<VisitorResponse> {
    const { body, request: _, ...head } = await this.stream(url, kind, options);
    const bytes = await readWhole(body);
    const { 'set-cookie': setCookies = [] } = head.headers;
    return {
      ...head,
      bytes,
      // Not at once: of a large body most tests ask for no more than the bytes.
      get text() {
        return bytes.toString();
      },
      trailers: body.trailers,
      setCookies,
      trail: [...trail, url],
      json: () => JSON.parse(bytes.toString()),
    };
  }

  async #follow(first: VisitorResponse, initiator: string | undefined): Promise<VisitorResponse> {
    let response = first;
    let from = initiator;
    for (let hops = 0; hops < 30; hops++) {
      const { location } = response.headers;
      const step = response.status === 200 ? readHandOff(response.text) : undefined;
      if (step !== undefined) {
        from = new URL(response.url).origin;
        if (step.kind === 'departure' && step.path !== undefined) this.#keptPaths.set(step.state, step.path);
        const next = step.kind === 'departure' ? step.provider : await this.#present(step, from);
        if (next === undefined) return response;
        response = await this.#exchange(next, 'navigation', { initiator: from }, response.trail);
        continue;
      }
      if (location !== undefined && response.status >= 300 && response.status < 400) {
        const next = new URL(location, response.url).href;
        response = await this.#exchange(next, 'navigation', from ? { initiator: from } : {}, response.trail);
      } else if (postsItself(response.text)) {
        const [form] = readForms(response.text, response.url);
        if (form === undefined) return response;
        from = new URL(response.url).origin;
        const body = new URLSearchParams(form.fields.map(([name, value]) => [name, value])).toString();
        const headers = { 'content-type': 'application/x-www-form-urlencoded' };
        const options = { method: 'POST', headers, body, initiator: from };
        response = await this.#exchange(form.action.href, 'navigation', options, response.trail);
      } else {
        return response;
      }
    }
    throw new Error(`a redirect loop:\n${response.trail.join('\n')}`);
  }

  /** Posts the ticket as the page's script does; gives where the script goes then, undefined when it was refused. */
  async #present(
    { redeem, ticket, origin, path, url, state }: HandOff,
    initiator: string,
  ): Promise<string | undefined> {
    const headers = { 'content-type': 'text/plain;charset=UTF-8' };
    const response = await this.#exchange(redeem, 'fetch', { method: 'POST', body: ticket, headers, initiator });
    if (response.status !== 200) return undefined;
    const kept = state === undefined ? undefined : this.#keptPaths.get(state);
    if ((response.json() as { redeemed: boolean }).redeemed) return origin + (kept ?? path);
    return kept === undefined ? url : `${url}&rd=${kept.replace(/[%&+#]/g, encodeURIComponent)}`;
  }

  #dial(url: URL, kind: RequestKind, options: VisitOptions): ClientRequest {
    const method = options.method ?? 'GET';
    const site = siteOf(url, options.initiator);
    const safeNavigation = kind !== 'fetch' && (method === 'GET' || method === 'HEAD');
    const headers = {
      host: url.host,
      ...kindHeaders(url, kind, site, options),
      ...this.headers,
      ...this.#cookies(url, { site, safeNavigation }),
    };
    const request = {
      host: '127.0.0.1',
      port: this.#wayTo(portOf(url)),
      method,
      path: options.path ?? `${url.pathname}${url.search}`,
      headers: withoutUndefined({ ...headers, ...options.headers }),
      setHost: false,
      maxHeaderSize: 131_072, // a redirect may hold the whole path to return to
      ...(options.signal ? { signal: options.signal } : {}),
    };
    if (url.protocol !== 'https:') return dialHttp({ ...request, agent: this.#agent });
    return dialHttps({ ...request, agent: this.#tlsAgent, ...tlsOptions(url) });
  }

  #cookies(url: URL, context: CookieContext): { cookie?: string } {
    const cookie = this.jar.header(url, context);
    return cookie === '' ? {} : { cookie };
  }
}

/** An upgrade that was answered with something other than 101. */
export class RefusedUpgrade extends Error {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;

  constructor(response: IncomingMessage, bytes: Buffer) {
    super(`the upgrade was refused with ${response.statusCode}`);
    this.status = response.statusCode ?? 0;
    this.headers = response.headers;
    this.text = bytes.toString();
  }
}

/** Writes bytes to a port of 127.0.0.1 and gives all that comes back until the other side closes or `until` appears. */
export async function rawExchange(
  port: number,
  bytes: string | Uint8Array,
  until?: string,
  localAddress = '127.0.0.1',
): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  let received = '';
  const ended = deferred<void>();
  socket.on('error', () => ended.resolve()).on('close', () => ended.resolve()); // a reset ends an exchange as well
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text;
    if (until !== undefined && received.includes(until)) ended.resolve();
  });
  socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  await ended.promise;
  socket.destroy();
  return received;
}

function portOf(url: URL): number {
  return Number(url.port) || (/^(https|wss):$/.test(url.protocol) ? 443 : 80);
}

function tlsOptions(url: URL): { servername: string; ca: Buffer } {
  return { servername: url.hostname, ca: readFileSync(CERTIFICATE_PATH) };
}

const NAVIGATION_ACCEPT = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';

function kindHeaders(
  url: URL,
  kind: RequestKind,
  site: CookieContext['site'],
  options: VisitOptions,
): Record<string, string> {
  if (kind === 'bare') return {};
  const fetched = kind === 'fetch';
  const headers: Record<string, string> = { accept: fetched ? '*/*' : NAVIGATION_ACCEPT, 'accept-language': 'en' };
  if (isTrustworthy(url)) {
    headers['sec-fetch-site'] = site;
    headers['sec-fetch-mode'] = fetched ? 'cors' : 'navigate';
    headers['sec-fetch-dest'] = fetched ? 'empty' : 'document';
    if (!fetched) headers['sec-fetch-user'] = '?1';
  }
  const unsafe = !['GET', 'HEAD'].includes(options.method ?? 'GET');
  const { initiator } = options;
  if (initiator !== undefined && (unsafe || (fetched && initiator !== url.origin))) headers['origin'] = initiator;
  return headers;
}

// A site is the registrable domain (with its scheme): two labels of a name, or the whole of a bare label.
function siteOf(url: URL, initiator: string | undefined): CookieContext['site'] {
  if (initiator === undefined) return 'none';
  const from = new URL(initiator);
  if (from.origin === url.origin) return 'same-origin';
  const registrable = (host: string) => host.split('.').slice(-2).join('.');
  const same = from.protocol === url.protocol && registrable(from.hostname) === registrable(url.hostname);
  return same ? 'same-site' : 'cross-site';
}

function withoutUndefined(headers: Readonly<Record<string, string | readonly string[] | undefined>>) {
  const given = Object.entries(headers).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Record<string, string | string[]>;
}

async function send(request: ClientRequest, { body, trailers }: VisitOptions): Promise<void> {
  if (trailers !== undefined) request.addTrailers(trailers);
  if (body instanceof Stream) await pipeline(body, request);
  else request.end(body);
}

async function readWhole(body: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []; // `buffer` of node:stream/consumers makes a Blob of it first, which is most of an exchange
  for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
