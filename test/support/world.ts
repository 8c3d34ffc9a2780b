/**
 * A whole Postern for a test: provider, edge, target and agent as processes of their own, wired together with a real
 * token. Each part can be killed and started again under the same addresses; `close()` ends all that is left.
 */
import { createRequire } from 'node:module';
import type { CookieJar } from './cookie-jar.js';
import type { Http2Front } from './http2-front.js';
import { asTwo } from './nodes/as-two.js';
import { compiled, freePort, type Line, POSTERN, PROVIDER, Program, TOKEN_MAKER } from './processes.js';
import type { ProviderOptions, RelyingParty } from './provider.js';
import { startTargetProcess, type TargetProcess } from './target-remote.js';
import { CERTIFICATE_PATH, KEY_PATH, startTlsFront, type TlsFront } from './tls-front.js';
import type { Version } from './versions.js';
import { Visitor } from './visitor.js';
import { type AgentStart, PEOPLE, type Ports, type WorldOptions } from './world-options.js';

const { makeToken } = createRequire(import.meta.url)(TOKEN_MAKER) as typeof import('./make-token.js');

/** Starts everything and resolves when the tunnel is up. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const world = new World(options);
  await world.start();
  return world;
}

export class World {
  readonly name: string;
  readonly secret = 'a secret of thirty-two bytes or more for tests';
  /** The latest of each, running or not. */
  provider!: Program; // set by startProvider, which start() awaits before a test sees the world
  edge!: Program; // likewise
  agent!: Program; // likewise
  /** Ports and target are known from start() on. */
  ports!: Ports;
  target!: TargetProcess;
  readonly #options: WorldOptions;
  readonly #command: string;
  #front: TlsFront | undefined;
  #http2: Http2Front | undefined;
  readonly #programs: Program[] = [];
  readonly #visitors: Visitor[] = [];

  constructor(options: WorldOptions = {}) {
    this.#options = options;
    this.#command = options.command ?? POSTERN;
    this.name = options.name ?? 'demo';
  }

  /** Starts everything and resolves when the tunnel is up. */
  async start(): Promise<void> {
    const edge = await freePort();
    const front = this.#isSecure ? await freePort() : edge;
    this.ports = { edge, front, admin: await freePort(), provider: await freePort() };
    try {
      this.target = await startTargetProcess({ port: await freePort() });
      await this.startFront();
      if (this.#options.issuer === undefined) await this.startProvider();
      await this.startEdge();
      await this.startAgent();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** `http://localhost:<port>` or `https://tunnel.test:<port>`. */
  get base(): string {
    return `${this.#isSecure ? 'https' : 'http'}://${this.#options.domain ?? 'localhost'}:${this.ports.front}`;
  }

  /** The tunnel as visitors see it, `http://demo.localhost:<port>`, without a slash at the end. */
  get url(): string {
    return this.urlOf(this.name);
  }

  /** Where raw exchanges begin: the edge's own port, or one in front of it whose requests arrive by HTTP/2. */
  get port(): number {
    return this.#http2?.port ?? this.ports.edge;
  }

  /** What visitors speak from now on; agents keep to HTTP/1.1. */
  async speak(version: Version): Promise<void> {
    await this.#http2?.close();
    this.#http2 = version === 'HTTP/2' ? await startHttp2(this.ports.edge) : undefined;
  }

  get adminUrl(): string {
    return `http://127.0.0.1:${this.ports.admin}`;
  }

  get issuer(): string {
    return this.#options.issuer ?? `http://localhost:${this.ports.provider}`;
  }

  get #isSecure(): boolean {
    return (this.#options.domain ?? 'localhost') !== 'localhost';
  }

  /** The origin of a tunnel of this edge. */
  urlOf(name: string): string {
    return this.base.replace('://', `://${name}.`);
  }

  /** A new visitor; closed with the world. */
  visitor(jar?: CookieJar): Visitor {
    const visitor = new Visitor((port) => (port === this.ports.edge ? this.port : port), jar);
    const count = this.#visitors.push(visitor);
    if (this.#options.manyAddresses) visitor.headers['x-forwarded-for'] = `198.18.${count >> 8}.${count & 255}`;
    return visitor;
  }

  /** A visitor who is signed in to the tunnel. */
  async signedIn(account: string, url = `${this.url}/`): Promise<Visitor> {
    const visitor = this.visitor();
    await this.signIn(visitor, account, url);
    return visitor;
  }

  /** Signs a visitor in to the tunnel. */
  async signIn(visitor: Visitor, account: string, url = `${this.url}/`): Promise<void> {
    const page = await visitor.signIn(url, account);
    if (page.url !== url) throw new Error(`the sign-in ended at ${page.url}\n${page.trail.join('\n')}\n${page.text}`);
  }

  /** Starts what ends TLS, where the domain needs it. */
  async startFront(): Promise<void> {
    const { front, edge } = this.ports;
    if (this.#isSecure && this.#options.tls === undefined)
      this.#front = await (this.#options.front ?? startTlsFront)(front, edge);
  }

  /** Starts the provider, at the same address each time. */
  async startProvider(): Promise<Program> {
    const client = { id: 'edge', ...this.#client, redirectUris: [`${this.base}/oauth2/callback`] };
    const signedOutUris = [this.base, `${this.base}/`, `${this.base}/oauth2/signed_out`];
    const options: ProviderOptions = {
      port: this.ports.provider,
      clients: [{ ...client, signedOutUris, ...this.#backchannel }],
      accounts: this.#options.accounts ?? PEOPLE,
      claimsIn: this.#options.claimsIn ?? 'userinfo',
      requiresPush: this.#options.clientKey !== undefined,
    };
    this.provider = this.#start({ name: 'provider', script: PROVIDER, args: [JSON.stringify(options)] });
    await this.provider.record((line) => 'issuer' in line);
    return this.provider;
  }

  get #client(): Pick<RelyingParty, 'secret' | 'authMethod' | 'keys'> {
    const { clientKey } = this.#options;
    if (clientKey === undefined) return { secret: 'client-secret' };
    const { d: _private, ...key } = clientKey;
    return { secret: 'none that anybody knows', authMethod: 'private_key_jwt', keys: [key] };
  }

  get #backchannel() {
    return this.#options.backchannelLogout ? { backchannelLogoutUri: `${this.base}/oauth2/backchannel_logout` } : {};
  }

  /** Starts an edge, at the same address and with the same secret each time; `env` is added for this one. */
  async startEdge(env: Readonly<Record<string, string | undefined>> = {}): Promise<Program> {
    const all = { ...this.edgeEnv(), ...env };
    const args = [this.#command, 'edge', ...(this.#options.edgeArgs ?? [])];
    const [script = '', ...more] = [...asTwo(all), ...args];
    this.edge = this.#start({ name: 'edge', script, args: more, env: all });
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
    // An inspector for each agent would need its port, and a start of its own.
    const env = {
      POSTERN_INSPECT: 'off',
      POSTERN_TOKEN: start.token ?? (await this.token()),
      ...this.#options.agentEnv,
    };
    const more = [...(this.#options.agentArgs ?? []), ...(start.args ?? [])];
    this.agent = this.#start({ name: `agent of ${name}`, script: this.#command, args: [...args, ...more], env });
    return this.agent;
  }

  /** A token as `postern token create` makes it, without a process for each. */
  token({ owner = 'dev@acme.com', tunnels, ttl = '1d' }: { owner?: string; tunnels?: string; ttl?: string } = {}) {
    const flags = { owner, tunnels: tunnels ?? this.#options.tunnels ?? `${this.name},dev-*`, ttl };
    return makeToken(this.secret, flags);
  }

  /** The environment of the edge. */
  edgeEnv(): Record<string, string> {
    return {
      POSTERN_URL: this.base,
      ...this.#listening(),
      POSTERN_ADMIN_LISTEN: `127.0.0.1:${this.ports.admin}`,
      POSTERN_SECRET: this.secret,
      POSTERN_OIDC_ISSUER: this.issuer,
      POSTERN_OIDC_CLIENT_ID: 'edge',
      ...this.#credential(),
      ...(this.#options.manyAddresses ? { POSTERN_TRUST_PROXY: '127.0.0.1' } : {}),
      ...this.#workers(),
      ...this.#options.edgeEnv,
    };
  }

  /** `WORKERS=2 node test/run.mjs e2e/…` runs any world with several: half of the visitors are not where the agent is. */
  #workers(): Record<string, string> {
    const workers = this.#options.workers ?? process.env['WORKERS'];
    return workers === undefined ? {} : { POSTERN_WORKERS: String(workers) };
  }

  #credential(): Record<string, string> {
    const { clientKey } = this.#options;
    if (clientKey === undefined) return { POSTERN_OIDC_CLIENT_SECRET: 'client-secret' };
    return { POSTERN_OIDC_CLIENT_KEY: JSON.stringify(clientKey) };
  }

  #listening(): Record<string, string> {
    const { edge, front } = this.ports;
    if (this.#options.tls === undefined) return { POSTERN_LISTEN: `127.0.0.1:${edge}` };
    return {
      POSTERN_LISTEN: `https://127.0.0.1:${front},http://127.0.0.1:${edge}`,
      POSTERN_TLS_CERT: CERTIFICATE_PATH,
      POSTERN_TLS_KEY: KEY_PATH,
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
    await this.target?.close();
    await this.#front?.close();
    await this.#http2?.close();
  }

  #start(options: ConstructorParameters<typeof Program>[0]): Program {
    const secure = this.#isSecure;
    const nodeArgs = secure ? ['--import', compiled('./loopback-dns.js')] : [];
    const env = { ...(secure ? { NODE_EXTRA_CA_CERTS: CERTIFICATE_PATH } : {}), ...options.env };
    const program = new Program({ ...options, nodeArgs, env });
    this.#programs.push(program);
    return program;
  }
}

// The engine of HTTP/2 is half of what a test of a world would load, and few speak it.
async function startHttp2(port: number): Promise<Http2Front> {
  const { Http2Front } = await import('./http2-front.js');
  return Http2Front.start(port);
}
