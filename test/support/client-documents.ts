/** Hosts of the metadata documents of OAuth clients, and an edge to whose eyes they are on the internet (public-internet.ts). */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { compiled, freePort } from './processes.js';
import { CERTIFICATE_PATH, KEY_PATH } from './tls-front.js';

/** What the host says at a path. */
export interface Served {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object as JSON, or a text. */
  readonly body: object | string;
}

/** By path, which a test may add to. */
export class DocumentHost {
  readonly served = new Map<string, Served | 'hangs'>();
  /** The paths that were asked for. */
  readonly asked: string[] = [];
  readonly #server: Server;

  constructor() {
    const tls = { cert: readFileSync(CERTIFICATE_PATH), key: readFileSync(KEY_PATH) };
    this.#server = createServer(tls, (request, response) => {
      const path = request.url ?? '';
      this.asked.push(path);
      const served = this.served.get(path);
      if (served === 'hangs') return;
      const { status = 200, headers = {}, body } = served ?? { status: 404, body: 'nothing' };
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  }

  async start(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** A host that listens, and the environment of an edge for which these names are on the internet. */
export async function startDocumentHost(addresses: Readonly<Record<string, readonly string[]>>) {
  const host = new DocumentHost();
  await host.start(await freePort());
  return { host, env: environmentFor(host.port, addresses) };
}

export function environmentFor(port: number, addresses: Readonly<Record<string, readonly string[]>>) {
  return {
    NODE_OPTIONS: `--import=${compiled('./public-internet.js')}`,
    NODE_EXTRA_CA_CERTS: CERTIFICATE_PATH,
    TEST_ADDRESSES: JSON.stringify(addresses),
    TEST_PORT: String(port),
  };
}
