/** The admin address: whether the process lives and whether it takes visitors. Private; says nothing else. */
import { createServer, type Server } from 'node:http';

/** Makes the server; `isReady` is asked for each `/readyz`. */
export function createAdminServer(isReady: () => boolean): Server {
  return createServer((request, response) => {
    const answer = (status: number, text: string) => {
      response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' });
      response.end(`${text}\n`);
    };
    if (request.url === '/healthz') return answer(200, 'ok');
    if (request.url === '/readyz') return isReady() ? answer(200, 'ready') : answer(503, 'draining');
    answer(404, 'not found');
  });
}
