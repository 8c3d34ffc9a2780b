/** The admin address, which is private: health and readiness of the process, and the state of its output. */
import { createServer, type Server } from 'node:http';
import { STRICT_PARSER } from '../../http/strict-http.js';

/** The state of log and audit record. */
export interface OutputHealth {
  /** Whether audit records can be written. */
  isRecording(): boolean;
  /** Problems of the log, one per line. Contains no values from outside. */
  notes(): readonly string[];
}

/** Creates the server. `/readyz` calls `isReady`, which returns the reason when the edge is not ready. */
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
