/** What a test may ask of its world (world.ts), and who the people at its provider are. */
import type { JsonWebKey } from 'node:crypto';
import type { Account } from './provider.js';
import type { startTlsFront, TLS_DOMAIN } from './tls-front.js';

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
  /** The edge ends TLS of `tunnel.test` itself, and redirects on the port of `ports.edge`. */
  readonly tls?: 'edge';
  /** What ends TLS in front of `tunnel.test`; a splice of bytes unless given. */
  readonly front?: typeof startTlsFront;
  readonly accounts?: readonly Account[];
  readonly claimsIn?: 'userinfo' | 'id-token';
  /** The provider tells the edge of sign-outs there. */
  readonly backchannelLogout?: true;
  /** A private key, as a JWK: the edge has no secret, and pushes its requests. */
  readonly clientKey?: JsonWebKey;
  /** A provider that the test runs itself; none is started then. */
  readonly issuer?: string;
  /** How many processes serve. Agent and visitors come to them in turn. */
  readonly workers?: number;
  /** Added to the environment of the edge. */
  readonly edgeEnv?: Readonly<Record<string, string>>;
  /** Added to the command line of the edge. */
  readonly edgeArgs?: readonly string[];
  /** Added to the environment of the agents. */
  readonly agentEnv?: Readonly<Record<string, string>>;
  /** Each visitor comes from an address of its own, as behind a reverse proxy: sign-ins are counted by address. */
  readonly manyAddresses?: true;
  /** Added to the command line of the agent. */
  readonly agentArgs?: readonly string[];
  /** The script of edge and agents; the bundled command unless given. */
  readonly command?: string;
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
