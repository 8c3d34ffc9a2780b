/** The test target as a process of its own, with the same face as the one inside the process (target.ts). */
import { once } from 'node:events';
import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { Program, TARGET } from './processes.js';
import type { Seen, Target, TargetEvent } from './target.js';

/** A target process; `program` kills or stops it. */
export interface TargetProcess extends Target {
  readonly program: Program;
}

/** Starts a target process on 127.0.0.1, on a free port unless one is given. */
export async function startTargetProcess(options: { port?: number } = {}): Promise<TargetProcess> {
  const program = new Program({ name: 'target', script: TARGET, args: [String(options.port ?? 0)] });
  const ready = await program.record((line) => 'controlPort' in line);
  const port = Number(ready['port']);
  const control = { host: '127.0.0.1', port: Number(ready['controlPort']), agent: false as const };
  const ask = (path: string, method = 'GET') => askControl({ ...control, path, method });
  return {
    program,
    port,
    url: `http://127.0.0.1:${port}`,
    seen: async () => (await ask('/seen')) as Seen[],
    connections: async () => (await ask('/connections')) as number,
    event: async (kind, url = '') => (await ask(`/event?${new URLSearchParams({ kind, url })}`)) as TargetEvent,
    release: async (key) => void (await ask(`/release?${new URLSearchParams({ key })}`, 'POST')),
    forget: async () => void (await ask('/forget', 'POST')),
    close: async () => void (await program.kill()),
  };
}

// `fetch` does the same for a tenth of a second of the processor in each process of tests, and more in each call.
async function askControl(options: RequestOptions): Promise<unknown> {
  const asked = request(options).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const body = await text(response);
  if (response.statusCode !== 200)
    throw new Error(`the target's control port answered ${response.statusCode}: ${body}`);
  return JSON.parse(body);
}
