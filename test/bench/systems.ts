/**
 * The systems that a measurement compares: the product, the textbook tunnels, a single hop, the target alone, and
 * whatever the command line names. Each that cannot be started here is named with the reason.
 */
import { createRequire } from 'node:module';
import { compiled, freePort } from '../support/processes.js';
import { CERTIFICATE_PATH, KEY_PATH } from '../support/tls-front.js';
import { Child } from './children.js';
import { buildGo } from './go.js';
import { type AgentOptions, Postern } from './postern.js';
import type { BenchTarget } from './target.js';
import type { Place } from './wan-cases.js';

/** Where to ask, and the processes behind it: of a hop without a tunnel, the target and what runs elsewhere none. */
export interface Entrance extends Place {
  readonly edgePid?: number;
  readonly agentPid?: number;
}

/** One of the systems, ready to be asked. */
export interface System extends Entrance {
  readonly name: string;
  /** Where visitors may speak HTTP/2, over clear text with prior knowledge and over TLS; absent where they may not. */
  readonly http2?: { readonly clear: Entrance; readonly tls: Entrance };
  /** Another tunnel whose agent dials the edge at `edgePort` through `open`; absent where there is no agent. */
  readonly overWan?: (open: (edgePort: number) => Promise<number>) => Promise<Place>;
}

/** The names by which the table finds them. */
export const POSTERN = 'Postern';
export const GATE_OFF = 'gate off';
export const GO = 'Go x/net';
export const NODE_HTTP2 = 'node:http2';
export const HTTP_PROXY = 'http-proxy';
export const TARGET = 'target';

export interface Systems {
  readonly systems: readonly System[];
  /** One tunnel, asked by somebody who is signed in and by nobody. */
  readonly gate: { readonly on: System; readonly off: System };
  /** One sentence for each that is absent. */
  readonly absent: readonly string[];
  readonly end: () => Promise<void>;
}

export interface SystemsOptions {
  readonly target: BenchTarget;
  readonly peers: readonly { readonly name: string; readonly url: string }[];
  readonly logLevel: string;
}

/** Starts all that can be started. */
export async function startSystems({ target, peers, logLevel }: SystemsOptions): Promise<Systems> {
  const [postern, secure] = [await Postern.start({ logLevel }), await Postern.start({ logLevel, isSecure: true })];
  const systems = [await gated(postern, secure, target)];
  const absent: string[] = [];
  for (const start of [startNodeTunnel, startGoTunnel, startHttpProxy]) {
    const started = await start(target);
    if (typeof started === 'string') absent.push(started);
    else systems.push(started);
  }
  systems.push(plain(TARGET, target.origin));
  systems.push(...peers.map(({ name, url }) => plain(name, url.replace(/\/$/, ''))));
  const end = async () => void (await Promise.all([postern.end(), secure.end()]));
  return { systems, gate: await onAndOff(postern, target), absent, end };
}

/** A tunnel of an edge, with a signed-in session. */
export async function enter(
  postern: Postern,
  targetUrl: string,
  name = 'demo',
  more: Pick<AgentOptions, 'via' | 'inspect' | 'links'> = {},
): Promise<Entrance> {
  const agent = await postern.startAgent({ name, allow: '@acme.com', targetUrl, ...more });
  const { origin, edge } = postern;
  return { origin, headers: await postern.signIn(name), edgePid: edge.pid, agentPid: agent.pid };
}

async function gated(postern: Postern, secure: Postern, { origin: targetUrl }: BenchTarget): Promise<System> {
  let tunnels = 0;
  const overWan: System['overWan'] = async (open) =>
    enter(postern, targetUrl, `wan-${++tunnels}`, { via: `http://localhost:${await open(postern.port)}` });
  const clear = await enter(postern, targetUrl);
  return { name: POSTERN, ...clear, http2: { clear, tls: await enter(secure, targetUrl) }, overWan };
}

// The same edge, agent and connection to it: two processes of one program differ by more than the gate takes.
async function onAndOff(postern: Postern, { origin: targetUrl }: BenchTarget): Promise<Systems['gate']> {
  const agent = await postern.startAgent({ name: 'both', allow: '@acme.com,public', targetUrl });
  const { host } = new URL(postern.urlOf('both'));
  const common = { edgePid: postern.edge.pid, agentPid: agent.pid, origin: postern.origin };
  const on = { ...common, name: POSTERN, headers: await postern.signIn('both') };
  return { on, off: { ...common, name: GATE_OFF, headers: async () => ({ host }) } };
}

async function startNodeTunnel(target: BenchTarget): Promise<System> {
  const script = compiled('../bench/peers/node-http2-tunnel.js');
  const [clearPort, tlsPort] = [await freePort(), await freePort()];
  return startTunnel(
    { name: NODE_HTTP2, program: [process.execPath, script], clearPort, tlsPort, ports: [clearPort] },
    target,
  );
}

async function startGoTunnel(target: BenchTarget): Promise<System | string> {
  const program = await buildGo('go-tunnel').catch((error: Error) => error);
  if (program instanceof Error) return `${GO}: ${program.message}`;
  return startTunnel({ name: GO, program: [program], tlsPort: await freePort(), ports: [] }, target);
}

async function startHttpProxy(target: BenchTarget): Promise<System | string> {
  try {
    createRequire(import.meta.url).resolve('http-proxy');
  } catch {
    return `${HTTP_PROXY}: not installed (npm install it anywhere and set NODE_PATH to that node_modules)`;
  }
  const port = await freePort();
  await ready(HTTP_PROXY, [process.execPath, compiled('../bench/peers/http-proxy.js'), String(port), target.origin]);
  return plain(HTTP_PROXY, `http://127.0.0.1:${port}`);
}

interface Tunnel {
  readonly name: string;
  readonly program: readonly string[];
  /** For HTTP/2 over clear text, where that is not the port of HTTP/1.1, and over TLS. */
  readonly clearPort?: number;
  readonly tlsPort: number;
  /** Those that the edge is told besides its first and that for TLS. */
  readonly ports: readonly number[];
}

async function startTunnel(tunnel: Tunnel, target: BenchTarget): Promise<System> {
  const { name } = tunnel;
  const again = async () => ({
    ...tunnel,
    tlsPort: await freePort(),
    ports: await Promise.all(tunnel.ports.map(() => freePort())),
  });
  const clear = await startEnds(tunnel, target, async (port) => `http://127.0.0.1:${port}`);
  // Its link is over TLS too, as with Postern.
  const secure = await again();
  const tls = await startEnds(secure, target, async () => `https://127.0.0.1:${secure.tlsPort}`);
  const http2 = {
    clear: tunnel.clearPort === undefined ? clear : { ...clear, ...place(`http://127.0.0.1:${tunnel.clearPort}`) },
    tls: { ...tls, ...place(`https://127.0.0.1:${secure.tlsPort}`) },
  };
  const overWan: System['overWan'] = async (open) =>
    startEnds(await again(), target, async (port) => `http://127.0.0.1:${await open(port)}`);
  return { name, ...clear, http2, overWan };
}

/** An edge, and an agent that dials it where `via` says, which is given the edge's first port. */
async function startEnds(
  { name, program, ports, tlsPort }: Tunnel,
  target: BenchTarget,
  via: (edgePort: number) => Promise<string>,
): Promise<Entrance> {
  const port = await freePort();
  const numbers = [port, ...ports, tlsPort].map(String);
  const edge = await ready(name, [...program, 'edge', ...numbers, CERTIFICATE_PATH, KEY_PATH]);
  const agent = await ready(name, [...program, 'agent', await via(port), target.origin]);
  return { ...place(`http://127.0.0.1:${port}`), edgePid: edge.pid, agentPid: agent.pid };
}

function ready(name: string, [command = '', ...args]: readonly string[]): Promise<Child> {
  return Child.ready({ name, command, args }, (line) => line === 'ready');
}

function plain(name: string, origin: string): System {
  return { name, ...place(origin) };
}

function place(origin: string): Place {
  const { host } = new URL(origin);
  return { origin, headers: async () => ({ host }) };
}
