/** The way of one node to Redis, on a Unix socket of its own: a test cuts it, and lets it lead to another server. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { TestRedis } from '../redis.js';

export class StorePath {
  /** For `POSTERN_STORE_URL`. */
  readonly url: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #redis: TestRedis | undefined;
  #end: { readonly name: string; readonly connections: number } | undefined;
  readonly #named = new Set<Socket>();

  private constructor(redis: TestRedis, path: string) {
    this.url = redis.url.replace(redis.socket, path);
    this.#redis = redis;
    this.#server = createServer((socket) => this.#splice(socket)).listen(path);
  }

  static async open(redis: TestRedis, name: string): Promise<StorePath> {
    const path = new StorePath(redis, join(redis.folder, `${name}.sock`));
    await once(path.#server, 'listening');
    return path;
  }

  /** From now on it leads to this server; nowhere without one. Connections break. */
  lead(redis?: TestRedis): void {
    this.#redis = redis;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** It leads nowhere from the command on with which so many connections have named this. */
  endAt(name: string, connections = 1): void {
    this.#end = { name, connections };
  }

  close(): void {
    this.lead();
    this.#server.close();
  }

  #splice(socket: Socket): void {
    this.#follow(socket);
    if (this.#redis === undefined) return void socket.destroy();
    const other = connect(this.#redis.socket);
    this.#follow(other);
    socket.on('data', (data: Buffer) => this.#look(socket, data));
    socket.pipe(other).pipe(socket);
    socket.on('close', () => other.destroy());
    other.on('close', () => socket.destroy());
  }

  #look(socket: Socket, data: Buffer): void {
    if (this.#end === undefined || !data.includes(this.#end.name)) return;
    if (this.#named.add(socket).size >= this.#end.connections) this.lead();
  }

  #follow(socket: Socket): void {
    this.#sockets.add(socket.on('close', () => this.#sockets.delete(socket)));
    socket.on('error', () => {}); // `close` follows
  }
}
