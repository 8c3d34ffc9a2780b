/**
 * The test target as a process: takes its port (0 for a free one) as its only argument and prints one JSON line
 * `{ port, controlPort, pid }` when it is ready. The control port is private to the test: GET /seen, /connections,
 * /event?kind=&url= (answers once it has happened), POST /release?key=, /forget.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startTarget, type Target, type TargetEvent } from './target.js';

const target = await startTarget({ port: Number(process.argv[2] ?? 0) });
const control = createServer((request, response) => {
  answer(target, request).then(
    (result) => response.end(JSON.stringify(result ?? null)),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
});
control.listen(0, '127.0.0.1');
await once(control, 'listening');
const { port: controlPort } = control.address() as AddressInfo;
process.stdout.write(`${JSON.stringify({ port: target.port, controlPort, pid: process.pid })}\n`);

function answer(target: Target, request: IncomingMessage): Promise<unknown> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://control');
  switch (pathname) {
    case '/seen':
      return target.seen();
    case '/connections':
      return target.connections();
    case '/event':
      return target.event(searchParams.get('kind') as TargetEvent['kind'], searchParams.get('url') ?? '');
    case '/release':
      return target.release(searchParams.get('key') ?? '');
    case '/forget':
      return target.forget();
    default:
      return Promise.reject(new RangeError(`no such control path: ${pathname}`));
  }
}
