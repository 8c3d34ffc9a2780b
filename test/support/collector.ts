/** A collector of traces (OTLP over HTTP in JSON) on loopback. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Span } from '../../src/edge/ops/spans.js';

export interface Export {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** As it came. */
  readonly text: string;
  readonly spans: readonly Span[];
}

export interface Collector {
  readonly url: string;
  readonly exports: readonly Export[];
  /** What it responds with from now on; 200 at first. */
  status: number;
  /** Resolves with the first span that passes, now or later. */
  span(test: (span: Span) => boolean): Promise<Span>;
  /** Resolves when as many exports have come. */
  exported(count: number): Promise<void>;
  close(): void;
}

/** Starts one. */
export async function startCollector(): Promise<Collector> {
  const exports: Export[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const { method, url, headers } = request;
      exports.push({ method, url, headers, text: body, spans: spansIn(body) });
      response.writeHead(collector.status).end('{}');
      for (const look of [...waiting]) look();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const until = <T>(find: () => T | undefined) =>
    new Promise<T>((resolve) => {
      const look = () => {
        const found = find();
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  const collector: Collector = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    exports,
    status: 200,
    span: (test) => until(() => exports.flatMap(({ spans }) => spans).find(test)),
    exported: (count) => until(() => (exports.length >= count ? count : undefined)).then(() => {}),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return collector;
}

function spansIn(body: string): readonly Span[] {
  const { resourceSpans } = JSON.parse(body) as {
    resourceSpans: { scopeSpans: { spans: Span[] }[] }[];
  };
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}
