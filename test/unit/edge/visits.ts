/** Visits for unit tests: a request as a plain object, real ones that a server receives, and verdicts that forward them. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import type { TestContext } from 'node:test';
import type { Session } from '../../../src/auth/session/session.js';
import type { Sessions } from '../../../src/auth/session/sessions.js';
import { type BaseAddress, readBaseAddress, tunnelHost, tunnelOrigin } from '../../../src/core/hostname.js';
import { Metrics } from '../../../src/core/metrics.js';
import { parseRule } from '../../../src/core/rule.js';
import { Exchange, type ExchangeOptions } from '../../../src/edge/forward/exchange.js';
import { Admitted, createGate } from '../../../src/edge/gate/gate.js';
import type { Registry } from '../../../src/edge/gate/registry.js';
import { Revalidator } from '../../../src/edge/gate/revalidation.js';
import { Observer } from '../../../src/edge/ops/observer.js';
import { Traffic } from '../../../src/edge/ops/traffic.js';
import { ConnectionCache } from '../../../src/edge/request/connection-cache.js';
import { destinationOf } from '../../../src/edge/request/destination.js';
import type { HeaderLookup, Visit, VisitRequest } from '../../../src/edge/request/visit.js';
import type { FrontDoor, WebSocketVisit } from '../../../src/edge/visitors/front-door.js';
import { Http1Requests } from '../../../src/edge/visitors/http1/requests.js';
import { Http2Connections } from '../../../src/edge/visitors/http2/connections.js';
import type { OutboundLink } from '../../../src/link/outbound-link.js';

export const BASE = readBaseAddress('http://localhost') ?? assert.fail();

export interface Written {
  readonly method?: string;
  readonly path?: string;
  readonly base?: BaseAddress;
  readonly host?: string;
  /** By lower-case name, besides the host. */
  readonly header?: HeaderLookup;
  /** Names and values in turn, in place of host and header. */
  readonly raw?: readonly string[];
  readonly address?: string;
  readonly cache?: ConnectionCache;
}

/** A request as the edge sees it, on a connection of its own or on one with a given cache. */
export function requestOf(written: Written = {}): VisitRequest {
  const { method = 'GET', path = '/', base = BASE, address = '127.0.0.1', cache = new ConnectionCache() } = written;
  const lines = { host: written.host ?? tunnelHost(base, 'demo'), ...written.header };
  const headers =
    written.raw ?? Object.entries(lines).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
  const header: Record<string, string> = {};
  for (let at = 0; at + 1 < headers.length; at += 2)
    header[(headers[at] as string).toLowerCase()] = headers[at + 1] as string;
  const destination = destinationOf(headers, base);
  const common = { id: randomUUID(), method, path, scheme: base.scheme, authority: destination.host };
  return { ...common, ...destination, headers, header, address, arrivedAtMs: 0, cache };
}

export interface Admission {
  readonly rule?: string;
  readonly session?: Session | undefined;
  readonly link: OutboundLink;
}

/** What the gate says of a request to `demo` below the base host, which this rule lets in. */
export async function admittedBy({ rule = 'public', session, link }: Admission): Promise<Admitted> {
  const tunnel = {
    name: 'demo',
    host: tunnelHost(BASE, 'demo'),
    origin: tunnelOrigin(BASE, 'demo'),
    policy: {
      ceiling: undefined,
      rules: [parseRule(rule) ?? assert.fail(rule)],
      owner: 'dev@acme.com',
      publicPermitted: true,
    },
    ownerTag: 'tag',
    origins: [],
    frameOrigins: [],
    framing: "frame-ancestors 'self'",
    agentId: 'agent-0123456789abcdef',
    link,
  };
  const gate = createGate({
    base: BASE,
    sessions: { nowMs: () => 0, read: () => session } as unknown as Sessions,
    registry: { find: () => tunnel } as unknown as Registry,
    ceiling: undefined,
  });
  const verdict = await gate(requestOf({ header: { cookie: 'a=b' } }));
  return Admitted.isOne(verdict) ? verdict : assert.fail(verdict.kind);
}

/** What a server does with the visits that come to it. */
export type Doings = {
  readonly accept: (visit: Visit) => void;
  readonly acceptWebSocket?: (visit: WebSocketVisit) => void;
} & Partial<Pick<FrontDoor, 'acceptOffer' | 'ended' | 'replyWithError'>>;

/** A server in front of a door that only does this. Gives its port. */
export async function serveVisits(t: TestContext, doings: Doings, base: BaseAddress = BASE): Promise<number> {
  const door = { ended: () => {}, ...doings } as unknown as FrontDoor;
  const observer = new Observer([]);
  const server = createServer();
  new Http1Requests({ base, door, observer, addressOf: () => '198.51.100.1' }).listenTo(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    observer.close();
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** The same in front of HTTP/2 connections in clear text. */
export async function serveHttp2Visits(t: TestContext, doings: Doings, base: BaseAddress = BASE): Promise<number> {
  const door = { ended: () => {}, ...doings } as unknown as FrontDoor;
  const connections = new Http2Connections({
    ...{ base, door, observer: new Observer([]), addressOf: () => '198.51.100.1', isProxy: () => false },
  });
  const server = createTcpServer((socket) => connections.accept(socket, { peer: '198.51.100.1', isSecure: false }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    connections.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Forwards visits over a link, as one visitor's; an error is a bare 502. */
export async function forwarderTo(
  t: TestContext,
  link: OutboundLink,
  { method }: { readonly method: string },
): Promise<(visit: Visit) => void> {
  const admitted = await admittedBy({ link });
  const revalidator = new Revalidator();
  t.after(() => revalidator.close());
  const options: ExchangeOptions = {
    gate: () => admitted,
    observer: new Observer([]),
    revalidator,
    traffic: new Traffic(new Metrics()),
    replyWithError: (visit) => visit.reply({ status: 502, headers: {}, body: '' }),
  };
  t.after(() => options.observer.close());
  const head = { scheme: 'http', authority: 'demo.localhost', method, path: '/', headers: [] } as const;
  return (visit) => new Exchange(visit, admitted, options).open(head, undefined);
}
