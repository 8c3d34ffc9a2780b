/**
 * The routes that scripts know from ngrok's agent API, in its shapes. The four that say no more than the URL need no key, since
 * `curl -s localhost:4040/api/tunnels` is in countless scripts.
 */
import { STATUS_CODES } from 'node:http';
import type { Capture } from './capture.js';
import { visibleHeaders } from './describe.js';
import { findExchange } from './exchange-routes.js';
import type { InspectedTunnels } from './inspected-tunnels.js';
import type { KeptExchange } from './kept-exchange.js';
import { type Masks, maskedUrl } from './masks.js';
import type { Replayer } from './replay.js';
import { BadCall, type Call, jsonReply, NO_CONTENT, notFound, numberQuery, type Reply, textField } from './reply.js';
import type { Route } from './route.js';
import type { HeaderRow, TunnelInfo } from './wire.js';

export interface ProgramRoutesOptions {
  readonly capture: Capture;
  readonly masks: Masks;
  readonly tunnels: InspectedTunnels;
  readonly replayer: Replayer;
  readonly version: string;
}

const MAX_LISTED = 1_000;
const MAX_ID_CHARS = 64;
const MS_TO_NS = 1_000_000;

export function programRoutes({ capture, masks, tunnels, replayer, version }: ProgramRoutesOptions): Route[] {
  const { exchanges } = capture;

  function oneOf(call: Call): TunnelInfo {
    const name = call.param('name');
    const found = tunnels.list().find((tunnel) => tunnel.name === name);
    if (found === undefined) throw notFound('There is no tunnel of this name here.');
    return found;
  }

  const tunnelList = () => jsonReply({ tunnels: tunnels.list().map(describeTunnel), uri: '/api/tunnels' });
  const endpointList = () => jsonReply({ endpoints: tunnels.list().map(describeEndpoint), uri: '/api/endpoints' });

  function status(): Reply {
    const isOnline = tunnels.list().some(({ online }) => online);
    const state = isOnline ? 'online' : 'offline';
    return jsonReply({ status: state, agent_version: version, session: { legs: [] }, uri: '/api/status' });
  }

  function requests({ query }: Call): Reply {
    const limit = numberQuery(query, 'limit', { min: 1, max: MAX_LISTED }) ?? 50;
    const wanted = query.get('tunnel_name');
    const described = [];
    for (const one of exchanges.newestFirst()) {
      if (wanted === null || one.tunnel.name === wanted) described.push(describeRequest(one, masks));
      if (described.length === limit) break;
    }
    return jsonReply({ uri: '/api/requests/http', requests: described });
  }

  const request = (call: Call) => jsonReply(describeRequest(findExchange(capture, call.param('id')), masks));

  async function replay(call: Call): Promise<Reply> {
    const id = textField(await call.fields(), 'id', MAX_ID_CHARS);
    if (id === undefined) throw new BadCall('"id" is missing: expected that of a request.');
    await replayer.replay(findExchange(capture, id), {});
    return NO_CONTENT;
  }

  function clear(): Reply {
    exchanges.clear();
    return NO_CONTENT;
  }

  return [
    { method: 'GET', path: '/api/tunnels', demand: 'open', serve: tunnelList },
    {
      method: 'GET',
      path: '/api/tunnels/:name',
      demand: 'open',
      serve: (call) => jsonReply(describeTunnel(oneOf(call))),
    },
    { method: 'GET', path: '/api/endpoints', demand: 'open', serve: endpointList },
    {
      method: 'GET',
      path: '/api/endpoints/:name',
      demand: 'open',
      serve: (call) => jsonReply(describeEndpoint(oneOf(call))),
    },
    { method: 'GET', path: '/api/status', demand: 'open', serve: status },
    { method: 'GET', path: '/api/requests/http', demand: 'key', serve: requests },
    { method: 'GET', path: '/api/requests/http/:id', demand: 'key', serve: request },
    { method: 'POST', path: '/api/requests/http', demand: 'key', serve: replay },
    { method: 'DELETE', path: '/api/requests/http', demand: 'key', serve: clear },
  ];
}

const NO_RATES = { count: 0, gauge: 0, rate1: 0, rate5: 0, rate15: 0, p50: 0, p90: 0, p95: 0, p99: 0 };

function describeTunnel({ name, url, target }: TunnelInfo) {
  const metrics = { conns: NO_RATES, http: NO_RATES };
  const [proto] = url.split(':', 1);
  return {
    name,
    ID: name,
    uri: `/api/tunnels/${name}`,
    public_url: url,
    proto,
    config: { addr: target, inspect: true },
    metrics,
  };
}

function describeEndpoint({ name, url, target }: TunnelInfo) {
  const upstream = { url: target, protocol: 'http1' };
  return { name, uri: `/api/endpoints/${name}`, url, upstream, inspect: true, pooling_enabled: false };
}

function describeRequest(captured: KeptExchange, masks: Masks) {
  const { id, head, response, endedMs, startedAtMs } = captured;
  const uri = maskedUrl(head.path);
  const requestHeaders = byName(masks.headers(visibleHeaders(head.headers)));
  return {
    uri: `/api/requests/http/${id}`,
    id,
    tunnel_name: captured.tunnel.name,
    remote_addr: requestHeaders['x-forwarded-for']?.[0] ?? '',
    start: new Date(startedAtMs).toISOString(),
    duration: endedMs === undefined ? 0 : Math.round(endedMs * MS_TO_NS),
    request: { method: captured.isWebSocket ? 'GET' : head.method, proto: 'HTTP/1.1', headers: requestHeaders, uri },
    response:
      response === undefined
        ? null
        : {
            status: `${response.status} ${STATUS_CODES[response.status] ?? ''}`,
            status_code: response.status,
            proto: 'HTTP/1.1',
            headers: byName(masks.headers(response.headers)),
          },
  };
}

function byName(rows: readonly HeaderRow[]): Record<string, string[]> {
  const headers = new Map<string, string[]>();
  for (const [name, value] of rows) headers.set(name, [...(headers.get(name) ?? []), value]);
  return Object.fromEntries(headers);
}
