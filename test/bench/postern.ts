/**
 * The product as a measurement sees it: provider, edge and agents as processes of their own, with a visitor who is
 * signed in. Unlike the world of the tests nothing of their output is kept, and the edge logs warnings only.
 */
import { randomUUID } from 'node:crypto';
import { createToken } from '../../src/link/token.js';
import { freePort, POSTERN, PROVIDER } from '../support/processes.js';
import type { ProviderOptions } from '../support/provider.js';
import { CERTIFICATE_PATH, KEY_PATH, TLS_DOMAIN } from '../support/tls-front.js';
import { Visitor } from '../support/visitor.js';
import { PEOPLE } from '../support/world-options.js';
import { Child } from './children.js';
import type { RequestHeaders } from './driver.js';

export interface PosternOptions {
  /** Of the edge; `warn` unless given. The peers write no log of requests either. */
  readonly logLevel?: string;
  /** Put before the edge's script. */
  readonly edgeNodeArgs?: readonly string[];
  /** The script of edge and agents; the bundled command unless given. */
  readonly script?: string;
  /** Visitors come by https, and the edge ends TLS. */
  readonly isSecure?: boolean;
  /** Added to the edge's options. */
  readonly edgeEnv?: Readonly<Record<string, string>>;
}

export interface AgentOptions {
  readonly name: string;
  /** Rules, separated by commas. */
  readonly allow: string;
  readonly targetUrl: string;
  /** Where it dials, when not the edge itself. */
  readonly via?: string;
  readonly nodeArgs?: readonly string[];
  /** Where its inspector listens; none unless given, since no peer has one. */
  readonly inspect?: string | undefined;
  /** How many links it may open; the default of the product unless given. */
  readonly links?: number | undefined;
}

const TRUST = { NODE_EXTRA_CA_CERTS: CERTIFICATE_PATH };
const SECRET = `${randomUUID()}${randomUUID()}`;

/** A running edge with its provider. */
export class Postern {
  readonly base: string;
  readonly port: number;
  readonly edge: Child;
  readonly adminUrl: string;
  readonly #script: string;
  readonly #isSecure: boolean;
  readonly #provider: Child;
  readonly #agents: Child[] = [];
  readonly #visitors: Visitor[] = [];

  private constructor(
    { script = POSTERN, isSecure = false }: PosternOptions,
    ports: Ports,
    edge: Child,
    provider: Child,
  ) {
    this.#script = script;
    this.#isSecure = isSecure;
    this.edge = edge;
    this.#provider = provider;
    this.port = ports.edge;
    this.adminUrl = `http://127.0.0.1:${ports.admin}`;
    this.base = baseOf(isSecure, ports.edge);
  }

  static async start(options: PosternOptions = {}): Promise<Postern> {
    const { edgeNodeArgs = [], script = POSTERN, isSecure = false } = options;
    const ports = { edge: await freePort(), admin: await freePort(), provider: await freePort() };
    const provider = await startProvider(ports.provider, `${baseOf(isSecure, ports.edge)}/oauth2/callback`);
    const edge = new Child({ name: 'edge', args: [...edgeNodeArgs, script, 'edge'], env: edgeEnv(ports, options) });
    await edge.answers(`http://127.0.0.1:${ports.admin}/readyz`);
    return new Postern(options, ports, edge, provider);
  }

  /** Where visitors connect; the name that they ask for is in the headers. */
  get origin(): string {
    return `${this.#isSecure ? 'https' : 'http'}://127.0.0.1:${this.port}`;
  }

  /** The origin of a tunnel as visitors see it. */
  urlOf(name: string): string {
    return this.base.replace('://', `://${name}.`);
  }

  /** Starts an agent and resolves when its tunnel is up. */
  async startAgent({
    name,
    allow,
    targetUrl,
    via = this.base,
    nodeArgs = [],
    inspect = 'off',
    links,
  }: AgentOptions): Promise<Child> {
    const token = await this.token(name);
    const rules = allow.split(',').flatMap((rule) => ['--allow', rule]);
    const dns = this.#isSecure ? ['--import', new URL('../support/loopback-dns.js', import.meta.url).href] : [];
    const args = [
      ...nodeArgs,
      ...dns,
      this.#script,
      'http',
      targetUrl,
      '--edge',
      via,
      '--name',
      name,
      ...rules,
      ...(links === undefined ? [] : ['--links', String(links)]),
      '--inspect',
      inspect,
      '--json',
    ];
    const options = { name: `agent of ${name}`, args, env: { POSTERN_TOKEN: token, ...(this.#isSecure && TRUST) } };
    const agent = await Child.ready(options, (line) => line.includes('"online"'));
    this.#agents.push(agent);
    return agent;
  }

  /** A token for tunnels of these names. */
  token(tunnels: string, owner = 'dev@acme.com'): Promise<string> {
    return createToken([SECRET], { owner, tunnels: [tunnels], ttlMs: 86_400_000 });
  }

  /** Signs a visitor in to a tunnel. What is returned gives the headers of a request, with a cookie of now. */
  async signIn(name: string): Promise<() => Promise<RequestHeaders>> {
    const visitor = new Visitor();
    this.#visitors.push(visitor);
    const url = new URL(`${this.urlOf(name)}/1k`);
    const page = await visitor.signIn(url.href, 'ana');
    if (page.status !== 200) throw new Error(`the sign-in ended with ${page.status} at ${page.url}\n${page.text}`);
    return async () => {
      await visitor.navigate(url.href); // the session slides, and what slid is in the jar
      return { host: url.host, cookie: visitor.jar.header(url) };
    };
  }

  async end(): Promise<void> {
    for (const visitor of this.#visitors) visitor.close();
    await Promise.all([...this.#agents, this.edge, this.#provider].map((child) => child.end()));
  }
}

interface Ports {
  readonly edge: number;
  readonly admin: number;
  readonly provider: number;
}

function edgeEnv(ports: Ports, { logLevel = 'warn', isSecure = false, edgeEnv = {} }: PosternOptions) {
  const listen = isSecure
    ? {
        POSTERN_LISTEN: `https://127.0.0.1:${ports.edge}`,
        POSTERN_TLS_CERT: CERTIFICATE_PATH,
        POSTERN_TLS_KEY: KEY_PATH,
      }
    : { POSTERN_LISTEN: `127.0.0.1:${ports.edge}` };
  return {
    ...listen,
    POSTERN_URL: baseOf(isSecure, ports.edge),
    POSTERN_ADMIN_LISTEN: `127.0.0.1:${ports.admin}`,
    POSTERN_SECRET: SECRET,
    POSTERN_OIDC_ISSUER: `http://localhost:${ports.provider}`,
    POSTERN_OIDC_CLIENT_ID: 'edge',
    POSTERN_OIDC_CLIENT_SECRET: 'client-secret',
    POSTERN_PUBLIC: 'true',
    POSTERN_LOG_LEVEL: logLevel,
    ...edgeEnv,
  };
}

function baseOf(isSecure: boolean, port: number): string {
  return isSecure ? `https://${TLS_DOMAIN}:${port}` : `http://localhost:${port}`;
}

function startProvider(port: number, redirectUri: string): Promise<Child> {
  const options: ProviderOptions = {
    port,
    clients: [{ id: 'edge', secret: 'client-secret', redirectUris: [redirectUri] }],
    accounts: PEOPLE,
  };
  const args = [PROVIDER, JSON.stringify(options)];
  return Child.ready({ name: 'provider', args }, (line) => line.includes('"issuer"'));
}
