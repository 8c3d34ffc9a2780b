/**
 * How a program that opens a tunnel by itself reaches the edge: what its options leave out comes from where the command takes
 * it, which is the environment, the developer's file and the sign-in of `postern login`; so does the route through a proxy.
 */
import type { Agent } from 'node:http';
import { CONNECTION_OPTIONS, loadApiConfig, loadEdge } from '../../config/api-config.js';
import { proxyAgentFor } from './https-proxy.js';
import { ownName } from './own-name.js';
import { SignedInToken } from './signed-in-token.js';
import { readAgentSources } from './sources.js';

export interface ConnectionOptions {
  /** An origin, checked. */
  readonly edge?: string | undefined;
  readonly token?: string | (() => Promise<string>) | undefined;
  /** Called once when the edge refuses to renew the token of a sign-in. */
  readonly hint: (text: string) => void;
}

export interface EdgeConnection {
  readonly edge: string;
  /** For the next request or dial. That of a sign-in is renewed when it is time. */
  readonly token: () => Promise<string>;
  readonly httpAgent: Agent | undefined;
  /** Calls `renewed` whenever there is a newer token, until `close`. */
  keepFresh(renewed: () => void): void;
  close(): void;
}

/**
 * Throws `ConfigError` for what is missing or not valid, and `SignInNeeded` when that is the token. Rejects with
 * `ERR_TOKEN_INVALID` when the sign-in has ended.
 */
export async function openConnection({ edge: given, token: own, hint }: ConnectionOptions): Promise<EdgeConnection> {
  const sources = readAgentSources(given === undefined ? {} : { edge: given }, undefined);
  if (own !== undefined) return withToken(given ?? loadEdge(sources), own);
  const { edge, token, isSignedIn } = loadApiConfig(CONNECTION_OPTIONS, sources);
  return isSignedIn ? withSignIn(edge, hint) : withToken(edge, token);
}

function withToken(edge: string, token: string | (() => Promise<string>)): EdgeConnection {
  return {
    edge,
    token: typeof token === 'string' ? async () => token : token,
    httpAgent: proxyAgentFor(edge, process.env),
    keepFresh: () => {},
    close: () => {},
  };
}

async function withSignIn(edge: string, hint: (text: string) => void): Promise<EdgeConnection> {
  const signedIn = new SignedInToken({ edge, hint });
  await signedIn.prepare();
  return {
    edge,
    token: signedIn.current,
    httpAgent: proxyAgentFor(edge, process.env),
    keepFresh: (renewed) => signedIn.keepFresh(renewed),
    close: () => signedIn.end(),
  };
}

/** The name of a tunnel for which none was chosen: as the command names it, after the working directory and the owner. */
export function nameHere(token: string): string | undefined {
  return ownName(process.cwd(), token);
}
