/**
 * The systems that a measurement compares: the product, the textbook tunnels, a single hop, the target alone, and
 * whatever the command line names. Each that cannot be started here is named with the reason.
 */
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compiled, freePort } from '../support/processes.js';
import { PROJECT_ROOT } from '../support/project-root.js';
import { Child, FOLDER, findCommand, run } from './children.js';
import { Postern } from './postern.js';
import type { BenchTarget } from './target.js';
import type { Place } from './wan-cases.js';

/** One of the systems, ready to be asked. */
export interface System extends Place {
  readonly name: string;
  /** The process of an edge of ours. */
  readonly edgePid?: number;
  /** Another way in whose agent dials the edge at `edgePort` through `open`; absent where there is no agent. */
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
  const postern = await Postern.start({ logLevel });
  const systems = [await gated(postern, target)];
  const absent: string[] = [];
  for (const start of [startNodeTunnel, startGoTunnel, startHttpProxy]) {
    const started = await start(target);
    if (typeof started === 'string') absent.push(started);
    else systems.push(started);
  }
  systems.push(plain(TARGET, target.origin));
  systems.push(...peers.map(({ name, url }) => plain(name, url.replace(/\/$/, ''))));
  return { systems, gate: await onAndOff(postern, target), absent, end: () => postern.end() };
}

async function gated(postern: Postern, { origin: targetUrl }: BenchTarget): Promise<System> {
  const enter = async (name: string, via?: string): Promise<Place> => {
    await postern.startAgent({ name, allow: '@acme.com', targetUrl, ...(via !== undefined && { via }) });
    return { origin: `http://127.0.0.1:${postern.port}`, headers: await postern.signIn(name) };
  };
  let ways = 0;
  const overWan: System['overWan'] = async (open) =>
    enter(`wan-${++ways}`, `http://localhost:${await open(postern.port)}`);
  return { name: POSTERN, edgePid: postern.edge.pid, ...(await enter('demo')), overWan };
}

// The same edge, agent and connection to it: two processes of one program differ by more than the gate takes.
async function onAndOff(postern: Postern, { origin: targetUrl }: BenchTarget): Promise<Systems['gate']> {
  await postern.startAgent({ name: 'both', allow: '@acme.com,public', targetUrl });
  const { host } = new URL(postern.urlOf('both'));
  const common = { edgePid: postern.edge.pid, origin: `http://127.0.0.1:${postern.port}` };
  const on = { ...common, name: POSTERN, headers: await postern.signIn('both') };
  return { on, off: { ...common, name: GATE_OFF, headers: async () => ({ host }) } };
}

async function startNodeTunnel(target: BenchTarget): Promise<System> {
  const script = compiled('../bench/peers/node-http2-tunnel.js');
  return startTunnel(NODE_HTTP2, [process.execPath, script], target);
}

async function startGoTunnel(target: BenchTarget): Promise<System | string> {
  const go = findCommand('go');
  if (go === undefined) return `${GO}: Go is not installed (apt install golang-go golang-golang-x-net-dev)`;
  const program = join(FOLDER, 'go-tunnel');
  const source = join(PROJECT_ROOT, 'test', 'bench', 'peers', 'go-tunnel', 'main.go');
  // The modules are those of the distribution: nothing is fetched.
  const env = { GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOCACHE: join(tmpdir(), 'postern-bench-go-cache') };
  try {
    await run({ name: 'go build', command: go, args: ['build', '-o', program, source], env });
  } catch (error) {
    return `${GO}: it could not be built (is golang-golang-x-net-dev installed?): ${(error as Error).message}`;
  }
  return startTunnel(GO, [program], target);
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

async function startTunnel(name: string, program: readonly string[], target: BenchTarget): Promise<System> {
  const enter = async (via: (edgePort: number) => Promise<number>): Promise<Place> => {
    const port = await freePort();
    await ready(name, [...program, 'edge', String(port)]);
    await ready(name, [...program, 'agent', `http://127.0.0.1:${await via(port)}`, target.origin]);
    return plain(name, `http://127.0.0.1:${port}`);
  };
  return { name, ...(await enter(async (port) => port)), overWan: enter };
}

function ready(name: string, [command = '', ...args]: readonly string[]): Promise<Child> {
  return Child.ready({ name, command, args }, (line) => line === 'ready');
}

function plain(name: string, origin: string): System {
  const { host } = new URL(origin);
  return { name, origin, headers: async () => ({ host }) };
}
