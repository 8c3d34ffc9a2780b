/**
 * A real local server for tests: it says what it was sent, misbehaves on request, and keeps a list of everything that
 * reached it, so that a test can assert that nothing did. What would take time waits for `release()` instead. It runs
 * inside a process or as one of its own (target-process.ts).
 */
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { responseByPath } from './target-paths.js';

/** One request that reached the target, upgrades included. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly upgrade: boolean;
}

/** Something that happened at the target: `aborted` when a request ended before its answer was whole. */
export interface TargetEvent {
  readonly kind: 'request' | 'answered' | 'aborted' | 'released' | 'socket-open' | 'socket-message' | 'socket-closed';
  readonly url: string;
  /** Close code of a WebSocket. */
  readonly code?: number;
}

/** The target as a test sees it, whether in this process or in another. */
export interface Target {
  readonly port: number;
  readonly url: string;
  /** All requests so far. */
  seen(): Promise<readonly Seen[]>;
  /** Connections accepted so far. */
  connections(): Promise<number>;
  /** Resolves with the first event (past ones included) of a kind whose URL begins with `url`. */
  event(kind: TargetEvent['kind'], url?: string): Promise<TargetEvent>;
  /** Lets one waiting step go on: `/held`, `/slow`, `/sse` and `/die` with this `key`. Steps may be released in advance. */
  release(key: string): Promise<void>;
  /** Forgets what was seen. */
  forget(): Promise<void>;
  close(): Promise<void>;
}

/** What the answers of target-paths.ts need from the target. */
export interface Stage {
  /** Resolves at the next `release(key)`. */
  released(key: string, signal: AbortSignal): Promise<void>;
}

/** Starts a target on 127.0.0.1, on a free port unless one is given. */
export async function startTarget(options: { port?: number; host?: string } = {}): Promise<Target> {
  const target = new LocalTarget();
  await target.listen(options.port ?? 0, options.host ?? '127.0.0.1');
  return target;
}

class LocalTarget implements Target, Stage {
  readonly #server: Server = createServer({ maxHeaderSize: 256 * 1024, requestTimeout: 0 });
  readonly #sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => [...offered][0] ?? false });
  readonly #happened = new EventEmitter().setMaxListeners(0);
  #seen: Seen[] = [];
  #events: TargetEvent[] = [];
  #permits = new Map<string, number>();
  #connections = 0;

  async listen(port: number, host: string): Promise<void> {
    this.#server.on('connection', () => this.#connections++);
    this.#server.on('request', (request, response) => this.#answer(request, response));
    this.#server.on('checkContinue', (request, response) => this.#answer(request, response));
    this.#server.on('upgrade', (request, socket, head) => this.#accept(request, socket, head));
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async seen(): Promise<readonly Seen[]> {
    return [...this.#seen];
  }

  async connections(): Promise<number> {
    return this.#connections;
  }

  async event(kind: TargetEvent['kind'], url = ''): Promise<TargetEvent> {
    const wanted = (event: TargetEvent) => event.kind === kind && event.url.startsWith(url);
    for (;;) {
      const found = this.#events.find(wanted);
      if (found !== undefined) return found;
      await once(this.#happened, 'event');
    }
  }

  async release(key: string): Promise<void> {
    this.#permits.set(key, (this.#permits.get(key) ?? 0) + 1);
    this.#happened.emit('release');
  }

  async released(key: string, signal: AbortSignal): Promise<void> {
    while ((this.#permits.get(key) ?? 0) === 0) await once(this.#happened, 'release', { signal });
    this.#permits.set(key, (this.#permits.get(key) ?? 0) - 1);
    this.#note({ kind: 'released', url: key });
  }

  async forget(): Promise<void> {
    this.#seen = [];
    this.#events = [];
    this.#permits.clear();
    this.#connections = 0;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#server.closeAllConnections();
    await closed;
  }

  #note(event: TargetEvent): void {
    this.#events.push(event);
    this.#happened.emit('event');
  }

  #see(request: IncomingMessage, upgrade: Seen['upgrade']): string {
    const { method = '', url = '', rawHeaders } = request;
    this.#seen.push({ method, url, rawHeaders, upgrade });
    this.#note({ kind: 'request', url });
    return url;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = this.#see(request, false);
    const gone = new AbortController();
    response.on('close', () => {
      const whole = response.writableFinished;
      if (!whole) gone.abort();
      this.#note({ kind: whole ? 'answered' : 'aborted', url });
    });
    responseByPath(request, response, this, gone.signal).catch((error: unknown) => {
      if (!gone.signal.aborted) response.destroy(error instanceof Error ? error : undefined);
    });
  }

  #accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const url = this.#see(request, true);
    if (url.startsWith('/ws-refuse')) {
      socket.end(
        'HTTP/1.1 403 Forbidden\r\nContent-Length: 7\r\nX-Refused: target\r\nConnection: close\r\n\r\nrefused',
      );
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (accepted) => this.#converse(accepted, url));
  }

  // Echoes every message; the text `close 4001 reason` closes with that code, `die` cuts the connection.
  #converse(socket: WebSocket, url: string): void {
    this.#note({ kind: 'socket-open', url });
    socket.on('error', () => {}); // 'close' follows and says it
    socket.on('close', (code) => this.#note({ kind: 'socket-closed', url, code }));
    socket.on('message', (message, isBinary) => {
      this.#note({ kind: 'socket-message', url });
      const [, code, reason] = /^close (\d+) ?(.*)$/.exec(isBinary ? '' : String(message)) ?? [];
      if (code !== undefined) socket.close(Number(code), reason ?? '');
      else if (!isBinary && String(message) === 'die') socket.terminate();
      else socket.send(message, { binary: isBinary });
    });
  }
}
