/** What the agent tells a program (`--json`): one JSON object per line, `event` first. Stable across releases. */
import type { AgentEvents } from '../agent/agent.js';
import type { RequestRecord } from '../agent/request-record.js';
import type { PosternError } from '../errors.js';
import type { Output } from './gathered-output.js';
import { offlineReason } from './terminal.js';

/** Agent events as JSON lines. */
export class JsonLines implements AgentEvents {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  online(url: string): void {
    this.#line({ event: 'online', url });
  }

  offline(error: PosternError, retryInMs: number): void {
    const message = offlineReason(error);
    this.#line({ event: 'offline', code: error.code, message, retryInMs: Math.round(retryInMs) });
  }

  request({ time, email, method, path, status, durationMs, aborted }: RequestRecord): void {
    const rounded = Math.round(durationMs);
    this.#line({ event: 'request', time, email: email ?? null, method, path, status, durationMs: rounded, aborted });
  }

  hint(text: string): void {
    this.#line({ event: 'hint', message: text });
  }

  /** The refusal that ends the agent. */
  refused({ code, text }: PosternError): void {
    this.#line({ event: 'refused', code, message: text });
  }

  #line(fields: Record<string, unknown>): void {
    this.#output.write(`${JSON.stringify(fields)}\n`);
  }
}
