/** Debian's redis-server for tests: on a Unix socket or on loopback with TLS, with a user who may do what docs/redis.md lists. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createConnection, type Server } from 'node:net';
import { join } from 'node:path';
import { findCommand } from '../bench/children.js';
import { localCertificate } from './edge-certificates.js';
import { freePort, Program } from './processes.js';
import { PROJECT_ROOT } from './project-root.js';
import { temporaryFolder } from './temporary-folder.js';

/** For `describe(name, { skip: redisMissing() }, ...)`: false, or why a test with Redis cannot run here. */
export function redisMissing(): string | false {
  return findCommand('redis-server') === undefined
    ? 'no redis-server here: "apt-get install redis-server" brings it'
    : false;
}

export interface RedisOptions {
  /** Lines of redis.conf beside those that every test needs. */
  readonly config?: readonly string[];
  /** It listens on loopback with TLS, and demands a certificate of its clients. */
  readonly tls?: true;
  /** It ends with the process that starts it, also when that is killed. Linux only. */
  readonly endsWithStarter?: true;
}

const PASSWORD = 'of the user postern';
const LOGIN = `postern:${encodeURIComponent(PASSWORD)}@`;

/** A running server. */
export class TestRedis {
  /** For `POSTERN_STORE_URL`. */
  readonly url: string;
  readonly socket: string;
  readonly folder: string;
  readonly #config: string;
  #endsWithStarter = false;
  #program: Program | undefined;

  private constructor(url: string, folder: string, config: string) {
    this.url = url;
    this.folder = folder;
    this.socket = join(folder, 'redis.sock');
    this.#config = config;
  }

  /** Has its URL, and does not run yet. */
  static prepare(): TestRedis {
    const folder = temporaryFolder('redis');
    const redis = new TestRedis(
      `redis+unix://${LOGIN}localhost${join(folder, 'redis.sock')}`,
      folder,
      join(folder, 'redis.conf'),
    );
    writeConfig(redis, ['port 0']);
    return redis;
  }

  static async start({ config = [], tls, endsWithStarter }: RedisOptions = {}): Promise<TestRedis> {
    const redis = tls ? await TestRedis.#prepareTls(config) : TestRedis.prepare();
    redis.#endsWithStarter = endsWithStarter === true;
    if (!tls) writeConfig(redis, ['port 0', ...config]);
    await redis.restart();
    return redis;
  }

  static async #prepareTls(config: readonly string[]): Promise<TestRedis> {
    const folder = temporaryFolder('redis');
    const { certificatePath, keyPath } = await localCertificate(folder);
    const port = await freePort();
    const files = `ca=${certificatePath}&cert=${certificatePath}&key=${keyPath}`;
    const redis = new TestRedis(`rediss://${LOGIN}localhost:${port}?${files}`, folder, join(folder, 'redis.conf'));
    const secured = [`tls-port ${port}`, 'bind 127.0.0.1 127.0.0.2', `tls-cert-file ${certificatePath}`];
    const more = [`tls-key-file ${keyPath}`, `tls-ca-cert-file ${certificatePath}`];
    writeConfig(redis, ['port 0', ...secured, ...more, ...config]);
    return redis;
  }

  /** Kills it, and loses what it has not written to a file. */
  async kill(): Promise<void> {
    this.#program?.signal('SIGKILL');
    await this.#program?.exited;
  }

  /** Forgets what it has in a file. */
  forget(): void {
    rmSync(join(this.folder, 'dump.rdb'), { force: true });
  }

  /** Starts it, or starts it again. */
  async restart(): Promise<void> {
    rmSync(this.socket, { force: true });
    this.#program = await run(this.#config, this.#endsWithStarter);
  }

  /** It stands still: connections stay, and nothing is replied. */
  pause(): void {
    this.#program?.signal('SIGSTOP');
  }

  resume(): void {
    this.#program?.signal('SIGCONT');
  }

  /** Carries out a command as an operator, and returns the reply as it came. */
  async command(...words: readonly string[]): Promise<string> {
    const socket = createConnection(this.socket);
    await once(socket, 'connect');
    const text = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('');
    socket.write(`*${words.length}\r\n${text}*1\r\n$4\r\nQUIT\r\n`);
    let reply = '';
    socket.setEncoding('latin1').on('data', (data: string) => {
      reply += data;
    });
    await once(socket, 'close');
    return reply.slice(0, -'+OK\r\n'.length);
  }

  async close(): Promise<void> {
    if (this.#program?.ended !== undefined) return;
    this.resume();
    await this.kill();
  }
}

function writeConfig({ folder, socket }: TestRedis, config: readonly string[]): void {
  const lines = [
    `dir ${folder}`,
    `unixsocket ${socket}`,
    'unixsocketperm 700',
    'save ""',
    'appendonly no',
    'hz 50',
    aclLine(),
  ];
  const isOpen = !config.some((line) => line.startsWith('user default'));
  writeFileSync(
    join(folder, 'redis.conf'),
    `${[...lines, ...(isOpen ? ['user default on nopass ~* &* +@all'] : []), ...config].join('\n')}\n`,
  );
}

/** The line of docs/redis.md that makes the user. */
function aclLine(): string {
  const page = readFileSync(join(PROJECT_ROOT, 'docs/redis.md'), 'utf8');
  const line = /^user postern on .*$/m.exec(page)?.[0] ?? '';
  return line.replace('>CHANGE-ME', `#${hashOf(PASSWORD)}`);
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

async function run(config: string, endsWithStarter: boolean): Promise<Program> {
  const words = [...(endsWithStarter ? ['setpriv', '--pdeathsig', 'KILL'] : []), 'redis-server', config];
  const [command, script = '', ...args] = words as [string, ...string[]];
  const program = new Program({ name: 'redis-server', command, script, args });
  await program.line((line) => /Ready to accept connections|ready to accept connections/.test(line));
  return program;
}

/** Resolves to the port. */
export async function listenOnLoopback(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
