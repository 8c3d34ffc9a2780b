/** An inspector beside a real target, without a link: what it captures comes from fake streams. */
import http from 'node:http';
import type { TestContext } from 'node:test';
import type { InspectedTunnel } from '../../../../src/agent/inspector/inspected-tunnels.js';
import { Inspector, type InspectorOptions } from '../../../../src/agent/inspector/inspector.js';
import type { Exchange } from '../../../../src/agent/inspector/wire.js';
import { FakeInbound, type FakeRequest } from '../fake-inbound.js';
import { httpTarget } from '../targets.js';

export interface Sent {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

type Settings = Partial<InspectorOptions> & Partial<InspectedTunnel>;

export async function inspected(t: TestContext, respond: http.RequestListener, settings: Settings = {}) {
  const inspector = new Inspector({
    host: '127.0.0.1',
    port: 0,
    isAnyPort: true,
    maxBytes: 50_000_000,
    bodyBytes: 1_000_000,
    redactedHeaders: ['x-shop'],
    version: '1.2.3',
    ...settings,
  });
  const { capture } = inspector;
  const { target, visit } = await addTunnel(t, inspector, 'web', respond, settings);
  await inspector.listen();
  t.after(() => inspector.close());
  const { hostname, port: ownPort } = new URL(inspector.origin);

  /** One request to the inspector, with exactly these headers and `Host`. */
  function bare(method: string, path: string, headers: http.OutgoingHttpHeaders = {}, body?: string): Promise<Sent> {
    return new Promise((resolve, reject) => {
      const all = { host: `${hostname}:${ownPort}`, ...headers };
      const request = http.request(
        { host: hostname, port: ownPort, method, path, headers: all, agent: false },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (piece: string) => {
            text += piece;
          });
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
          );
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  }

  /** A request of a program with the key, and its JSON. */
  async function call(method: string, path: string, body?: unknown) {
    const headers = { authorization: `Bearer ${inspector.key}`, 'content-type': 'application/json' };
    const { status, body: text, headers: received } = await bare(method, path, headers, JSON.stringify(body));
    const isJson = received['content-type']?.includes('json') === true;
    return { status, headers: received, text, json: isJson ? JSON.parse(text) : undefined };
  }

  async function rows(filter = ''): Promise<Exchange[]> {
    return (await call('GET', `/api/exchanges?filter=${encodeURIComponent(filter)}`)).json.exchanges;
  }

  return { inspector, capture, target, bare, call, visit, rows, ownPort };
}

/** One more tunnel of the same process, to a target of its own. */
export async function addTunnel(
  t: TestContext,
  inspector: Inspector,
  name: string,
  respond: http.RequestListener,
  settings: Partial<InspectedTunnel> = {},
) {
  let origin = '';
  const tunnel: InspectedTunnel = {
    info: () => ({ name, url: `https://${name}.tunnel.test`, target: origin, online: true }),
    targetOf: () => origin,
    roundTripMs: 20,
    serve: (stream) => target.serve(stream),
    renew: async (assertion) => `${assertion}-fresh`,
    people: () => [],
    knocks: () => [],
    answer: async () => {},
    ...settings,
  };
  const { target, port } = await httpTarget(t, respond, { tap: inspector.add(tunnel) });
  origin = `http://127.0.0.1:${port}`;

  /** A request of a visitor, and its response. */
  async function visit(request: FakeRequest = {}) {
    const stream = new FakeInbound(request);
    target.serve(stream);
    return stream.answer();
  }

  return { tunnel, target, visit };
}
