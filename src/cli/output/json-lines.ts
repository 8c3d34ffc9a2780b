/** The agent's output for a program (`--json`): one JSON object per line, `event` first. Stable across releases. */
import type { AgentEvents } from '../../agent/agent.js';
import type { RequestRecord } from '../../agent/target/request-record.js';
import type { PosternError } from '../../errors.js';
import type { Output } from './batched-output.js';
import { explainOffline } from './connection-advice.js';
import type { Asker } from './people-lines.js';

/** Agent events as JSON lines. */
export class JsonLines implements AgentEvents {
  readonly #output: Output;
  readonly #edge: string;
  readonly #endsAtMs: number | undefined;
  #timeMs = Number.NaN;
  #timeText = '';
  #email: string | undefined;
  #emailJson = 'null';
  readonly #told = new Set<string>();

  /** `endsAtMs`: when the tunnel ends by itself, in milliseconds since the epoch. */
  constructor(output: Output, edge: string, endsAtMs?: number) {
    this.#endsAtMs = endsAtMs;
    this.#output = output;
    this.#edge = edge;
  }

  /** The line that replaces lines that found no room. */
  static dropped(lines: number): string {
    return `{"event":"dropped","lines":${lines}}\n`;
  }

  online(url: string): void {
    const endsAt = this.#endsAtMs === undefined ? undefined : new Date(this.#endsAtMs).toISOString();
    this.#line({ event: 'online', url, endsAt });
  }

  offline(error: PosternError, retryInMs: number): void {
    const { reason: message, remedy: cure } = explainOffline(error, this.#edge);
    this.#line({ event: 'offline', code: error.code, message, cure, retryInMs: Math.round(retryInMs) });
  }

  // Written by hand: `JSON.stringify` takes two of the thirty microseconds that a request costs a busy agent.
  request({ failure, time, email, method, path, status, durationMs, aborted, requestId }: RequestRecord): void {
    const requestFields = `"method":${quoted(method)},"path":${quoted(path)},"status":${status}`;
    const ending = `"durationMs":${Math.round(durationMs)},"aborted":${aborted},"requestId":${requestId === undefined ? 'null' : quoted(requestId)}`;
    const failureField = failure === undefined ? '' : `,"failure":${quoted(failure)}`;
    this.#output.write(
      `{"event":"request","time":"${this.#iso(time)}","email":${this.#emailText(email)},${requestFields},${ending}${failureField}}\n`,
    );
  }

  hint(text: string): void {
    this.#line({ event: 'hint', message: text });
  }

  /** Who is here now. */
  people(here: readonly string[]): void {
    this.#line({ event: 'people', emails: here });
  }

  /** Who asks to be let in, once each. */
  askers(askers: readonly Asker[]): void {
    for (const { id, email, message } of askers) {
      if (!this.#told.has(id)) this.#line({ event: 'knock', id, email, message });
    }
    this.#told.clear();
    for (const { id } of askers) this.#told.add(id);
  }

  /** The end of a tunnel that lives for a time. */
  over(message: string): void {
    this.#line({ event: 'over', message });
  }

  /** The refusal that ends the agent. */
  refused({ code, text }: PosternError): void {
    this.#line({ event: 'refused', code, message: text });
  }

  // Requests in the same millisecond share the text.
  #iso(time: Date): string {
    if (time.getTime() !== this.#timeMs) {
      this.#timeMs = time.getTime();
      this.#timeText = time.toISOString();
    }
    return this.#timeText;
  }

  // Consecutive requests mostly have the same visitor.
  #emailText(email: string | undefined): string {
    if (email !== this.#email) {
      this.#email = email;
      this.#emailJson = email === undefined ? 'null' : quoted(email);
    }
    return this.#emailJson;
  }

  #line(fields: Record<string, unknown>): void {
    this.#output.write(`${JSON.stringify(fields)}\n`);
  }
}

// Nearly all texts: nothing that JSON escapes.
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}
