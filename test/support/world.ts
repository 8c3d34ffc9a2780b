/**
 * A whole Postern for a test: provider, edge, target and agent as processes of their own, wired together with a real
 * token. Each part can be killed and started again under the same addresses; `close()` ends all that is left.
 */
import { loadTokenConfig } from '../../src/config/token-config.js';
import { createToken } from '../../src/link/token.js';
import { compiled, freePort, type Line, POSTERN, Program } from './processes.js';
import type { Account, ProviderOptions } from './provider.js';
import { startTargetProcess, type TargetProcess } from './target-remote.js';
import { CERTIFICATE_PATH, startTlsFront, type TLS_DOMAIN, type TlsFront } from './tls-front.js';
import { Visitor } from './visitor.js';

/** The people at the provider, unless a test brings its own. `dev` owns the tunnel; `eve` is of another domain. */
export const PEOPLE: readonly Account[] = [
  { sub: 'dev', name: 'Dev', email: 'dev@acme.com', email_verified: true, preferred_username: 'dev' },
  { sub: 'ana', name: 'Ana', email: 'ana@acme.com', email_verified: true, preferred_username: 'ana', groups: ['eng'] },
  { sub: 'bob', name: 'Bob', email: 'bob@acme.com', email_verified: true, preferred_username: 'bob' },
  { sub: 'eve', name: 'Eve', email: 'eve@elsewhere.test', email_verified: true },
  { sub: 'mal', name: 'Mal', email: 'mal@acme.com', email_verified: false },
];

export interface WorldOptions {
  /** The base host; `localhost` unless given. `tunnel.test` is on https, with TLS ended in front of the edge. */
  readonly domain?: 'localhost' | typeof TLS_DOMAIN;
  /** The tunnel's name; `demo` unless given. */
  readonly name?: string;
  /** The tunnel's rules; `@acme.com` unless given. */
  readonly allow?: readonly string[];
  /** Names or patterns that the token permits, separated by commas; the tunnel's name and `dev-*` unless given. */
  readonly tunnels?: string;
  /** What ends TLS in front of `tunnel.test`; a splice of bytes unless given. */
  readonly front?: typeof startTlsFront;
  readonly accounts?: readonly Account[];
  readonly claimsIn?: 'userinfo' | 'id-token';
  /** A provider that the test runs itself; none is started then. */
  readonly issuer?: string;
  /** Added to the environment of the edge. */
  readonly edgeEnv?: Readonly<Record<string, string>>;
  /** Added to the environment of the agents. */
  readonly agentEnv?: Readonly<Record<string, string>>;
  /** Each visitor comes from an address of its own, as behind a reverse proxy: sign-ins are counted by address. */
  readonly manyAddresses?: true;
  /** Added to the command line of the agent. */
  readonly agentArgs?: readonly string[];
  /** Where the agent forwards to; a target process of this world unless given. */
  readonly targetUrl?: string;
}

/** The ports of a world on 127.0.0.1. */
export interface Ports {
  readonly edge: number;
  /** Where visitors and agents connect: the edge's own, or what ends TLS in front of it. */
  readonly front: number;
  readonly admin: number;
  readonly provider: number;
}

export interface AgentStart {
  readonly name?: string;
  readonly allow?: readonly string[];
  readonly token?: string;
  readonly targetUrl?: string;
  readonly args?: readonly string[];
}

/** Starts everything and resolves when the tunnel is up. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const edge = await freePort();
  const front = options.domain === undefined || options.domain === 'localhost' ? edge : await freePort();
  const ports: Ports = { edge, front, admin: await freePort(), provider: await freePort() };
  const world = new World(options, ports, await startTargetProcess({ port: await freePort() }));
  try {
    await world.startFront();
    if (options.issuer === undefined) await world.startProvider();
    await world.startEdge();
    await world.startAgent();
    return world;
  } catch (error) {
    await world.close();
    throw error;
  }
}

export class World {
  readonly name: string;
  /** `http://localhost:<port>` or `https://tunnel.test:<port>`. */
  readonly base: string;
  /** The tunnel as visitors see it, `http://demo.localhost:<port>`, without a slash at the end. */
  readonly url: string;
  readonly ports: Ports;
  /** The edge's own port, for raw exchanges. */
  readonly port: number;
  readonly adminUrl: string;
  readonly issuer: string;
  readonly secret = 'a secret of thirty-two bytes or more for tests';
  readonly target: TargetProcess;
  /** The latest of each, running or not. */
  provider!: Program; // set by startProvider, which startWorld awaits before a test sees the world
  edge!: Program; // likewise
  agent!: Program; // likewise
  readonly #options: WorldOptions;
  #front: TlsFront | undefined;
  readonly #programs: Program[] = [];
  readonly #visitors: Visitor[] = [];

  constructor(options: WorldOptions, ports: Ports, target: TargetProcess) {
    const domain = options.domain ?? 'localhost';
    this.#options = options;
    this.ports = ports;
    this.port = ports.edge;
    this.target = target;
    this.name = options.name ?? 'demo';
    this.base = `${ports.front === ports.edge ? 'http' : 'https'}://${domain}:${ports.front}`;
    this.url = this.urlOf(this.name);
    this.adminUrl = `http://127.0.0.1:${ports.admin}`;
    this.issuer = options.issuer ?? `http://localhost:${ports.provider}`;
  }

  /** The origin of a tunnel of this edge. */
  urlOf(name: string): string {
    return this.base.replace('://', `://${name}.`);
  }

  /** A new visitor; closed with the world. */
  visitor(): Visitor {
    const visitor = new Visitor();
    const count = this.#visitors.push(visitor);
    if (this.#options.manyAddresses) visitor.headers['x-forwarded-for'] = `198.18.${count >> 8}.${count & 255}`;
    return visitor;
  }

  /** A visitor who is signed in to the tunnel. */
  async signedIn(account: string, url = `${this.url}/`): Promise<Visitor> {
    const visitor = this.visitor();
    const page = await visitor.signIn(url, account);
    if (page.url !== url) throw new Error(`the sign-in ended at ${page.url}\n${page.trail.join('\n')}\n${page.text}`);
    return visitor;
  }

  /** Starts what ends TLS, where the domain needs it. */
  async startFront(): Promise<void> {
    const { front, edge } = this.ports;
    if (front !== edge) this.#front = await (this.#options.front ?? startTlsFront)(front, edge);
  }

  /** Starts the provider, at the same address each time. */
  async startProvider(): Promise<Program> {
    const client = { id: 'edge', secret: 'client-secret', redirectUris: [`${this.base}/oauth2/callback`] };
    const signedOutUris = [this.base, `${this.base}/`, `${this.base}/oauth2/signed_out`];
    const options: ProviderOptions = {
      port: this.ports.provider,
      clients: [{ ...client, signedOutUris }],
      accounts: this.#options.accounts ?? PEOPLE,
      claimsIn: this.#options.claimsIn ?? 'userinfo',
    };
    const script = compiled('./provider-process.js');
    this.provider = this.#start({ name: 'provider', script, args: [JSON.stringify(options)] });
    await this.provider.record((line) => 'issuer' in line);
    return this.provider;
  }

  /** Starts an edge, at the same address and with the same secret each time; `env` is added for this one. */
  async startEdge(env: Readonly<Record<string, string>> = {}): Promise<Program> {
    this.edge = this.#start({ name: 'edge', script: POSTERN, args: ['edge'], env: { ...this.edgeEnv(), ...env } });
    await this.edge.record((line) => line['msg'] === 'edge up');
    return this.edge;
  }

  /** Starts an agent and resolves when its tunnel is up. */
  async startAgent(start: AgentStart = {}): Promise<Program> {
    const agent = await this.offer(start);
    await agent.record((line) => line['event'] === 'online');
    return agent;
  }

  /** Starts an agent without waiting for anything: for refusals, and for an edge that is not there. */
  async offer(start: AgentStart = {}): Promise<Program> {
    const { name = this.name, allow = this.#options.allow ?? ['@acme.com'] } = start;
    const rules = allow.flatMap((rule) => ['--allow', rule]);
    const targetUrl = start.targetUrl ?? this.#options.targetUrl ?? this.target.url;
    const args = ['http', targetUrl, '--edge', this.base, '--name', name, ...rules, '--json'];
    const env = { POSTERN_TOKEN: start.token ?? (await this.token()), ...this.#options.agentEnv };
    const more = [...(this.#options.agentArgs ?? []), ...(start.args ?? [])];
    this.agent = this.#start({ name: `agent of ${name}`, script: POSTERN, args: [...args, ...more], env });
    return this.agent;
  }

  /** A token as `postern token create` makes it, without a process for each. */
  token({ owner = 'dev@acme.com', tunnels, ttl = '1d' }: { owner?: string; tunnels?: string; ttl?: string } = {}) {
    const flags = { owner, tunnels: tunnels ?? this.#options.tunnels ?? `${this.name},dev-*`, ttl };
    const { secrets, ...request } = loadTokenConfig({ env: { POSTERN_SECRET: this.secret }, flags });
    return createToken(secrets, request);
  }

  /** The environment of the edge. */
  edgeEnv(): Record<string, string> {
    return {
      POSTERN_URL: this.base,
      POSTERN_LISTEN: `127.0.0.1:${this.ports.edge}`,
      POSTERN_ADMIN_LISTEN: `127.0.0.1:${this.ports.admin}`,
      POSTERN_SECRET: this.secret,
      POSTERN_OIDC_ISSUER: this.issuer,
      POSTERN_OIDC_CLIENT_ID: 'edge',
      POSTERN_OIDC_CLIENT_SECRET: 'client-secret',
      ...(this.#options.manyAddresses ? { POSTERN_TRUST_PROXY: '127.0.0.1' } : {}),
      ...this.#options.edgeEnv,
    };
  }

  /** The audit records of the edge so far, or those after a `mark()` of it. */
  audit(since = 0): Line[] {
    return this.edge.records(since).filter((line) => line['stream'] === 'audit');
  }

  /** Ends every process and connection. */
  async close(): Promise<void> {
    for (const visitor of this.#visitors) visitor.close();
    await Promise.all(this.#programs.map((program) => program.kill()));
    await this.target.close();
    await this.#front?.close();
  }

  #start(options: ConstructorParameters<typeof Program>[0]): Program {
    const secure = this.ports.front !== this.ports.edge;
    const nodeArgs = secure ? ['--import', compiled('./loopback-dns.js')] : [];
    const env = { ...(secure ? { NODE_EXTRA_CA_CERTS: CERTIFICATE_PATH } : {}), ...options.env };
    const program = new Program({ ...options, nodeArgs, env });
    this.#programs.push(program);
    return program;
  }
}
