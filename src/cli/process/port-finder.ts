/**
 * Where a development server listens: on Linux on a port of its own processes, of which the one that its output names counts first;
 * elsewhere on one that its output names, or on the one that it was told by `PORT`, if a connection is accepted there.
 */
import { connect } from 'node:net';
import type { Announced } from './announced-ports.js';
import { type ListeningPort, listeningPorts, TELLS_PORTS } from './listening-ports.js';

export interface PortFinderOptions {
  /** The process that leads the session of the server. */
  readonly pid: number;
  /** The port that it was told, or that a person has named. */
  readonly expected: number | undefined;
  readonly listening?: (pid: number) => readonly ListeningPort[];
  readonly accepts?: (port: number) => Promise<boolean>;
  readonly tellsPorts?: boolean;
}

// A server names its port within this time of opening it; one that does not has only one, most likely.
const SILENT_CHECKS = 5;

const MAX_ANNOUNCED = 50;

// Debuggers of Node and others.
const isDebugger = (port: number) => port >= 9_222 && port <= 9_240;

export class PortFinder {
  readonly #options: Required<PortFinderOptions>;
  readonly #announced: Announced[] = [];
  /** What was open beside the server's port: the server, which has closed that one, does not listen there next. */
  #beside: ReadonlySet<number> = new Set();
  #checks = 0;

  constructor(options: PortFinderOptions) {
    this.#options = { listening: listeningPorts, accepts: isAccepted, tellsPorts: TELLS_PORTS, ...options };
  }

  /**
   * The output has named a port. The first one stays the first: what a server prints later may be what visitors have sent, such as
   * the path of a request.
   */
  announced(ports: readonly Announced[]): void {
    for (const { port, scheme } of ports) {
      const known = this.#announced.findIndex((one) => one.port === port);
      if (known !== -1) this.#announced[known] = { port, scheme };
      else if (this.#announced.length < MAX_ANNOUNCED) this.#announced.push({ port, scheme });
    }
  }

  /** Where the server listens now; undefined while that is not known. */
  async find(): Promise<URL | undefined> {
    const { tellsPorts, pid, expected } = this.#options;
    if (!tellsPorts) return this.#tryAnnounced();
    const open = this.#options
      .listening(pid)
      .filter(({ port }) => port === expected || !(isDebugger(port) || this.#beside.has(port)));
    if (open.length === 0) return undefined;
    // The first that was named: a proxy or a second server is named later.
    for (const { port, scheme } of [...this.#expected(), ...this.#announced]) {
      const found = open.find((one) => one.port === port);
      if (found !== undefined) return urlOf(scheme, found);
    }
    this.#checks += 1;
    return this.#checks < SILENT_CHECKS ? undefined : urlOf('http', open[0] as ListeningPort);
  }

  /** Whether the server still listens where it was found. */
  async isOpen(url: URL): Promise<boolean> {
    const port = portOf(url);
    if (!this.#options.tellsPorts) return this.#options.accepts(port);
    const open = this.#options.listening(this.#options.pid).map((one) => one.port);
    if (!open.includes(port)) return false;
    this.#beside = new Set(open.filter((other) => other !== port));
    return true;
  }

  async #tryAnnounced(): Promise<URL | undefined> {
    for (const { port, scheme } of [...this.#announced, ...this.#expected()])
      if (await this.#options.accepts(port)) return urlOf(scheme, { port, host: undefined });
    return undefined;
  }

  #expected(): readonly Announced[] {
    const { expected } = this.#options;
    if (expected === undefined) return [];
    return [this.#announced.find(({ port }) => port === expected) ?? { port: expected, scheme: 'http' }];
  }
}

function urlOf(scheme: string, { port, host = 'localhost' }: ListeningPort): URL {
  return new URL(`${scheme}://${host}:${port}`);
}

function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
}

const MAX_CONNECT_MS = 1_000;

function isAccepted(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: 'localhost', timeout: MAX_CONNECT_MS });
    const end = (isOpen: boolean) => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}
