/**
 * Where the browser comes back to at the end of a sign-in (RFC 8252 section 7.3): a port of 127.0.0.1 that takes one response
 * and closes.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Page, pageHeaders, renderPage } from '../../edge/replies/page.js';
import { STRICT_PARSER } from '../../http/strict-http.js';
import { CommandError, EXIT } from './exit.js';

/** What a response is used for. */
export interface Taker<T> {
  /** Whether a response is the awaited one. Any other is refused, and the awaited one may still come. */
  isResponse(response: URL): boolean;
  finish(response: URL): Promise<T>;
}

export interface Loopback {
  readonly redirectUri: string;
  /** Resolves or rejects as `taker.finish` does, after the browser has got its page. */
  take<T>(taker: Taker<T>): Promise<T>;
}

const PATH = '/callback';

// As long as the edge keeps a sign-in at the provider.
const MAX_WAIT_MS = 10 * 60_000;

export async function listenOnLoopback(): Promise<Loopback> {
  const server = createServer(STRICT_PARSER);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function take<T>(taker: Taker<T>): Promise<T> {
    try {
      return await new Promise<T>((resolve, reject) => {
        const late = setTimeout(() => reject(new CommandError(TOO_LATE, EXIT.refused)), MAX_WAIT_MS).unref();
        let isTaken = false;
        server.on('request', (request, response) => {
          const url = responseUrl(request, host);
          if (url === undefined || isTaken || !taker.isResponse(url)) return reply(response, 400, FOREIGN);
          isTaken = true;
          clearTimeout(late);
          taker.finish(url).then(
            (result) => reply(response, 200, DONE, () => resolve(result)),
            (error) => reply(response, 400, REFUSED, () => reject(error)),
          );
        });
      });
    } finally {
      server.close();
      server.closeAllConnections();
    }
  }

  return { redirectUri: `http://${host}${PATH}`, take };
}

const TOO_LATE = 'nobody has decided within ten minutes: run the command again.';

/** By a navigation of a browser to our own address only: a page that rebinds its name to 127.0.0.1 has another `Host`. */
function responseUrl({ method, headers, url = '' }: IncomingMessage, host: string): URL | undefined {
  if (method !== 'GET' || headers.host !== host || !url.startsWith(`${PATH}?`)) return undefined;
  return new URL(url, `http://${host}`);
}

function reply(response: ServerResponse, status: number, page: Page, sent: () => void = () => {}): void {
  response.on('close', sent);
  response.writeHead(status, { ...pageHeaders(page), 'Content-Type': 'text/html; charset=utf-8', Connection: 'close' });
  response.end(renderPage(page));
}

function page(title: string, text: string): Page {
  return { title, blocks: [{ kind: 'text', text }], facts: [] };
}

const DONE = page('Signed in', 'You can close this tab and go on in the terminal.');
const REFUSED = page('Not signed in', 'The terminal says why. You can close this tab.');
const FOREIGN = page(
  'Not the sign-in that the terminal waits for',
  'Go back to the page that the terminal has opened.',
);
