/**
 * An edge that is hostile to its agents: it admits every agent, notes each offer as it came, and then says what it
 * wants, frame by frame. The agent at the other end is the real program.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { POSTERN, Program } from './processes.js';
import { END_STREAM, type Fields, RawEdge, type RawResponse } from './raw-peer.js';

const AUTHORITY = 'demo.tunnel.test';

/** A token that only an edge like this one takes. */
export const TOKEN = 'postern_a-token-that-nobody-checks';

export class HostileEdge {
  /** The upgrade requests of all agents so far. */
  readonly offers: IncomingMessage[] = [];
  readonly #server: Server;
  readonly #agents: Program[] = [];
  readonly #opened: RawEdge[] = [];
  readonly #waiting: ((link: RawEdge) => void)[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<HostileEdge> {
    const server = createServer();
    const edge = new HostileEdge(server);
    const upgrades = new WebSocketServer({ noServer: true, handleProtocols: () => 'postern.h2' });
    upgrades.on('headers', (lines: string[]) => lines.push(`Postern-Url: https://${AUTHORITY}`));
    server.on('upgrade', (request, socket, head) => {
      edge.offers.push(request);
      upgrades.handleUpgrade(request, socket, head, (webSocket) => {
        webSocket.on('error', () => {}); // its close follows, and says it
        edge.#open(new RawEdge(webSocket));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return edge;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Starts an agent that believes in this edge. */
  agentFor(targetUrl: string, args: readonly string[] = []): Program {
    const all = ['http', targetUrl, '--edge', this.url, '--name', 'demo', '--json', ...args];
    const agent = new Program({ name: 'agent', script: POSTERN, args: all, env: { POSTERN_TOKEN: TOKEN } });
    this.#agents.push(agent);
    return agent;
  }

  /** The next link of an agent, past or to come. */
  link(): Promise<RawEdge> {
    const opened = this.#opened.shift();
    return opened === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(opened);
  }

  async close(): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent.kill()));
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #open(link: RawEdge): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#opened.push(link);
    else next(link);
  }
}

/** The pseudo-fields of an honest request for a path, with some of them replaced, and fields after them. */
export function requestFields(
  path: string,
  replaced: Readonly<Record<string, string>> = {},
  more: Fields = [],
): Fields {
  const pseudo = { ':method': 'GET', ':scheme': 'https', ':authority': AUTHORITY, ':path': path, ...replaced };
  return [...Object.entries(pseudo), ...more];
}

/** Asks an agent for a path and gives its whole answer. */
export function ask(link: RawEdge, stream: number, fields: Fields): Promise<RawResponse> {
  link.headers(stream, END_STREAM, fields);
  return link.answer(stream);
}
