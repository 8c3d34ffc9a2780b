/**
 * Several edges that are one: a process each, with one Redis, behind Debian's HAProxy, which asks each for its readiness and hands
 * out connections in turn. Provider, target, agents and visitors are those of a `World`, whose ports are HAProxy's.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { findCommand } from '../../bench/children.js';
import { freePort, type Line, POSTERN, Program } from '../processes.js';
import { TestRedis } from '../redis.js';
import { startTargetProcess } from '../target-remote.js';
import { temporaryFolder } from '../temporary-folder.js';
import { World } from '../world.js';
import type { WorldOptions } from '../world-options.js';
import { StorePath } from './store-path.js';

/** For `describe(name, { skip: nodesMissing() }, ...)`: false, or why these tests cannot run here. */
export function nodesMissing(): string | false {
  const missing = ['redis-server', 'haproxy'].filter((command) => findCommand(command) === undefined);
  return missing.length > 0
    ? `no ${missing.join(' and ')} here: "apt-get install ${missing.join(' ')}" brings it`
    : false;
}

export interface NodesOptions extends WorldOptions {
  /** How many; three unless given. */
  readonly nodes?: number;
  /** For `POSTERN_PEER_LISTEN` of each; a port that the system chooses unless given. */
  readonly peerListen?: () => Promise<string>;
  /** Each goes to Redis by itself, and not on a way that a test can cut, which is in the process of the test. */
  readonly hasOwnWay?: true;
}

/** One of the edges. */
export interface TestNode {
  readonly port: number;
  readonly adminUrl: string;
  readonly peerListen: string;
  readonly store: StorePath;
  /** The latest process, running or not. */
  program: Program;
}

export class Nodes {
  readonly world: World;
  readonly redis: TestRedis;
  readonly all: TestNode[] = [];
  readonly #options: NodesOptions;
  #balancer: Program | undefined;
  #folder: string | undefined;

  private constructor(options: NodesOptions, redis: TestRedis) {
    this.#options = options;
    this.world = new World(options);
    this.redis = redis;
  }

  /** Starts everything but agents. */
  static async start(options: NodesOptions = {}): Promise<Nodes> {
    const nodes = new Nodes(options, await TestRedis.start());
    try {
      await nodes.#start();
      return nodes;
    } catch (error) {
      await nodes.close();
      throw error;
    }
  }

  /** Starts a node again, at the addresses that it had. */
  async restart(node: TestNode): Promise<void> {
    node.program = this.#run(node);
    await node.program.record(({ msg }) => msg === 'edge up');
    await this.#isReady(node);
  }

  /** What a node's admin address says. */
  ask({ adminUrl }: TestNode, path: string): Promise<string> {
    return new Promise((resolve, reject) => {
      get(adminUrl + path, (response) => {
        text(response).then(resolve, reject);
      }).on('error', reject);
    });
  }

  /** `drain`: HAProxy gives a node no new connection; `ready`: it does again. */
  async balance(node: TestNode, state: 'drain' | 'ready'): Promise<void> {
    const socket = connect(join(this.#folder ?? '', 'haproxy.sock'));
    socket.end(`set server edges/node${this.all.indexOf(node) + 1} state ${state}\n`);
    const reply = await text(socket);
    if (reply.trim() !== '') throw new Error(reply);
  }

  /** The audit records of all nodes so far, those of ended processes of `node.program` not included. */
  audit(): Line[] {
    return this.all.flatMap(({ program }) => program.records().filter(({ stream }) => stream === 'audit'));
  }

  async close(): Promise<void> {
    await this.world.close();
    await Promise.all(this.all.map(({ program }) => program.kill()));
    for (const { store } of this.all) store.close();
    await this.#balancer?.kill();
    await this.redis.close();
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    const { world } = this;
    const front = await freePort();
    world.ports = { edge: front, front, admin: 0, provider: await freePort() };
    world.target = await startTargetProcess({ port: await freePort() });
    await world.startProvider();
    for (let number = 0; number < (this.#options.nodes ?? 3); number++) {
      const [port, admin] = [await freePort(), await freePort()];
      const store = await StorePath.open(this.redis, `node${number + 1}`);
      const peerListen = (await this.#options.peerListen?.()) ?? 'https://127.0.0.1:0';
      const node = { port, adminUrl: `http://127.0.0.1:${admin}`, peerListen, store };
      this.all.push({ ...node, program: this.#run(node) });
    }
    await Promise.all(this.all.map(({ program }) => program.record(({ msg }) => msg === 'edge up')));
    await this.#startBalancer(front);
    await Promise.all(this.all.map((node) => this.#isReady(node)));
  }

  #run({ port, adminUrl, peerListen, store }: Omit<TestNode, 'program'>): Program {
    const env = {
      ...this.world.edgeEnv(),
      POSTERN_LISTEN: `127.0.0.1:${port}`,
      POSTERN_ADMIN_LISTEN: new URL(adminUrl).host,
      POSTERN_STORE_URL: this.#options.hasOwnWay ? this.redis.url : store.url,
      POSTERN_PEER_LISTEN: peerListen,
      ...this.#options.edgeEnv,
    };
    return new Program({ name: `edge at ${port}`, script: POSTERN, args: ['edge'], env });
  }

  // `retries` is for connections that were never made; what has reached an edge is never sent again. Without `timeout check` an edge
  // on a busy machine that takes 100 ms (`inter`) to say that it is ready would count as gone, and without any edge HAProxy hangs up.
  async #startBalancer(front: number): Promise<void> {
    this.#folder = temporaryFolder('haproxy');
    const path = join(this.#folder, 'haproxy.cfg');
    const servers = this.all.map(
      ({ port, adminUrl }, at) => `  server node${at + 1} 127.0.0.1:${port} check port ${new URL(adminUrl).port}`,
    );
    const lines = [
      'global',
      `  stats socket ${join(this.#folder, 'haproxy.sock')} mode 600 level admin`,
      'defaults',
      '  mode tcp',
      '  timeout connect 2s',
      '  timeout check 1m',
      '  timeout client 1h',
      '  timeout server 1h',
      '  retries 5',
      '  option redispatch 1',
      'frontend visitors',
      `  bind 127.0.0.1:${front}`,
      '  default_backend edges',
      'backend edges',
      '  balance roundrobin',
      '  option httpchk GET /readyz',
      '  default-server inter 100ms fastinter 50ms downinter 100ms fall 1 rise 1',
      ...servers,
    ];
    writeFileSync(path, `${lines.join('\n')}\n`);
    this.#balancer = new Program({ name: 'haproxy', command: 'haproxy', script: '-W', args: ['-f', path] });
    await this.#balancer.complaint('Loading success');
  }

  async #isReady(node: TestNode): Promise<void> {
    const said = await this.ask(node, '/readyz');
    if (said !== 'ready\n') throw new Error(`${node.adminUrl} says ${said}`);
  }
}
