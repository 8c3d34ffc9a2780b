/** The admin address: whether the process lives, whether it takes visitors and what has become of its output. Private. */
import { createServer, type Server } from 'node:http';
import { STRICT_PARSER } from '../../http/strict-http.js';

/** What has become of log and audit. */
export interface OutputHealth {
  /** Whether audit records can be written. */
  isRecording(): boolean;
  /** What an operator should know of the log, a line each. Holds no value from outside. */
  notes(): readonly string[];
}

/** Makes the server; `isReady` is asked for each `/readyz`, and gives a reason where it is not. */
export function createAdminServer(isReady: () => true | string, notes: () => readonly string[] = () => []): Server {
  return createServer(STRICT_PARSER, (request, response) => {
    const answer = (status: number, text: string) => {
      response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' });
      response.end(`${text}\n`);
    };
    if (request.url === '/healthz') return answer(200, ['ok', ...notes()].join('\n'));
    if (request.url === '/readyz') {
      const ready = isReady();
      return ready === true ? answer(200, 'ready') : answer(503, ready);
    }
    answer(404, 'not found');
  });
}
