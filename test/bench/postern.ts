/**
 * The product as a measurement sees it: provider, edge and agents as processes of their own, with a visitor who is
 * signed in. Unlike the world of the tests nothing of their output is kept, and the edge logs warnings only.
 */
import { randomUUID } from 'node:crypto';
import { createToken } from '../../src/link/token.js';
import { freePort, POSTERN, PROVIDER } from '../support/processes.js';
import type { ProviderOptions } from '../support/provider.js';
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
}

export interface AgentOptions {
  readonly name: string;
  /** Rules, separated by commas. */
  readonly allow: string;
  readonly targetUrl: string;
  /** Where it dials, when not the edge itself. */
  readonly via?: string;
  readonly nodeArgs?: readonly string[];
}

const SECRET = `${randomUUID()}${randomUUID()}`;

/** A running edge with its provider. */
export class Postern {
  readonly base: string;
  readonly port: number;
  readonly edge: Child;
  readonly #script: string;
  readonly #provider: Child;
  readonly #agents: Child[] = [];
  readonly #visitors: Visitor[] = [];

  private constructor(script: string, edge: Child, provider: Child, port: number) {
    this.#script = script;
    this.edge = edge;
    this.#provider = provider;
    this.port = port;
    this.base = `http://localhost:${port}`;
  }

  static async start(options: PosternOptions = {}): Promise<Postern> {
    const { logLevel = 'warn', edgeNodeArgs = [], script = POSTERN } = options;
    const [port, adminPort, providerPort] = [await freePort(), await freePort(), await freePort()];
    const provider = await startProvider(providerPort, `http://localhost:${port}/oauth2/callback`);
    const env = {
      POSTERN_URL: `http://localhost:${port}`,
      POSTERN_LISTEN: `127.0.0.1:${port}`,
      POSTERN_ADMIN_LISTEN: `127.0.0.1:${adminPort}`,
      POSTERN_SECRET: SECRET,
      POSTERN_OIDC_ISSUER: `http://localhost:${providerPort}`,
      POSTERN_OIDC_CLIENT_ID: 'edge',
      POSTERN_OIDC_CLIENT_SECRET: 'client-secret',
      POSTERN_PUBLIC: 'true',
      POSTERN_LOG_LEVEL: logLevel,
    };
    const edge = new Child({ name: 'edge', args: [...edgeNodeArgs, script, 'edge'], env });
    await edge.answers(`http://127.0.0.1:${adminPort}/readyz`);
    return new Postern(script, edge, provider, port);
  }

  /** The origin of a tunnel as visitors see it. */
  urlOf(name: string): string {
    return this.base.replace('://', `://${name}.`);
  }

  /** Starts an agent and resolves when its tunnel is up. */
  async startAgent({ name, allow, targetUrl, via = this.base, nodeArgs = [] }: AgentOptions): Promise<Child> {
    const token = await this.token(name);
    const rules = allow.split(',').flatMap((rule) => ['--allow', rule]);
    const args = [...nodeArgs, this.#script, 'http', targetUrl, '--edge', via, '--name', name, ...rules, '--json'];
    const options = { name: `agent of ${name}`, args, env: { POSTERN_TOKEN: token } };
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

function startProvider(port: number, redirectUri: string): Promise<Child> {
  const options: ProviderOptions = {
    port,
    clients: [{ id: 'edge', secret: 'client-secret', redirectUris: [redirectUri] }],
    accounts: PEOPLE,
  };
  const args = [PROVIDER, JSON.stringify(options)];
  return Child.ready({ name: 'provider', args }, (line) => line.includes('"issuer"'));
}
