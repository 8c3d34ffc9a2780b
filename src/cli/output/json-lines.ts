/**
 * A tunnel's output for a program (`--json`): one JSON object per line, `event` first, and `tunnel` next where there may be several.
 * Stable across releases.
 */
import type { RequestRecord } from '../../agent/target/request-record.js';
import type { PosternError } from '../../errors.js';
import type { Output } from './batched-output.js';
import { explainOffline } from './connection-advice.js';
import type { Asker } from './people-lines.js';
import type { InspectorAddress, TunnelView } from './tunnel-view.js';

export interface JsonLinesOptions {
  /** When the tunnel ends by itself, in milliseconds since the epoch. */
  readonly endsAtMs?: number | undefined;
  /** The name of the tunnel, where there may be several. */
  readonly tunnel?: string | undefined;
}

/** Events of a tunnel as JSON lines. */
export class JsonLines implements TunnelView {
  readonly #output: Output;
  readonly #edge: string;
  readonly #endsAtMs: number | undefined;
  readonly #tunnel: string | undefined;
  readonly #requestStart: string;
  #timeMs = Number.NaN;
  #timeText = '';
  #email: string | undefined;
  #emailJson = 'null';
  readonly #told = new Set<string>();

  constructor(output: Output, edge: string, { endsAtMs, tunnel }: JsonLinesOptions = {}) {
    this.#endsAtMs = endsAtMs;
    this.#tunnel = tunnel;
    this.#requestStart = `{"event":"request"${tunnel === undefined ? '' : `,"tunnel":${quoted(tunnel)}`}`;
    this.#output = output;
    this.#edge = edge;
  }

  /** The line that replaces lines that found no room. */
  static dropped(lines: number): string {
    return `{"event":"dropped","lines":${lines}}\n`;
  }

  /** A sentence about no single tunnel. */
  static hint(output: Output, message: string): void {
    output.write(`${JSON.stringify({ event: 'hint', message })}\n`);
  }

  /** Where the inspector of all tunnels is; the key stays out of what may be kept. */
  static inspect(output: Output, { origin: url }: InspectorAddress): void {
    output.write(`${JSON.stringify({ event: 'inspect', url })}\n`);
  }

  online(url: string): void {
    const endsAt = this.#endsAtMs === undefined ? undefined : new Date(this.#endsAtMs).toISOString();
    this.#line('online', { url, endsAt });
  }

  offline(error: PosternError, retryInMs: number): void {
    const { reason: message, remedy: cure } = explainOffline(error, this.#edge);
    this.#line('offline', { code: error.code, message, cure, retryInMs: Math.round(retryInMs) });
  }

  // Written by hand: `JSON.stringify` takes two of the thirty microseconds that a request costs a busy agent.
  request({ failure, time, email, method, path, status, durationMs, aborted, requestId }: RequestRecord): void {
    const requestFields = `"method":${quoted(method)},"path":${quoted(path)},"status":${status}`;
    const ending = `"durationMs":${Math.round(durationMs)},"aborted":${aborted},"requestId":${requestId === undefined ? 'null' : quoted(requestId)}`;
    const failureField = failure === undefined ? '' : `,"failure":${quoted(failure)}`;
    this.#output.write(
      `${this.#requestStart},"time":"${this.#iso(time)}","email":${this.#emailText(email)},${requestFields},${ending}${failureField}}\n`,
    );
  }

  hint(text: string): void {
    this.#line('hint', { message: text });
  }

  /** Who is here now. */
  people(here: readonly string[]): void {
    this.#line('people', { emails: here });
  }

  /** Who asks to be let in, once each. */
  askers(askers: readonly Asker[]): void {
    for (const { id, email, message } of askers) {
      if (!this.#told.has(id)) this.#line('knock', { id, email, message });
    }
    this.#told.clear();
    for (const { id } of askers) this.#told.add(id);
  }

  /** The end of a tunnel that lives for a time, or that is no longer in its file. */
  over(message: string): void {
    this.#line('over', { message });
  }

  /** The refusal that ends the agent. */
  refused({ code, text }: PosternError): void {
    this.#line('refused', { code, message: text });
  }

  close(): void {}

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

  #line(event: string, fields: Record<string, unknown>): void {
    this.#output.write(`${JSON.stringify({ event, tunnel: this.#tunnel, ...fields })}\n`);
  }
}

// Nearly all texts: nothing that JSON escapes.
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}
