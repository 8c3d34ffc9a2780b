/**
 * What the agent shows a person: a block with the address when the tunnel is up, then one line per request. Everything
 * that comes from outside (paths, emails, sentences of the edge) is made printable before it is written.
 */
import { styleText } from 'node:util';
import type { AgentEvents } from '../agent/agent.js';
import type { RequestRecord } from '../agent/request-record.js';
import { printable } from '../config/text.js';
import type { PosternError } from '../errors.js';
import type { Output } from './gathered-output.js';

export interface TerminalOptions {
  readonly output: Output;
  /** Whether colours may be written. */
  readonly coloured: boolean;
  /** What the block says of the tunnel. */
  readonly target: URL;
  readonly allow: readonly string[];
}

type Style = Parameters<typeof styleText>[0];

// A path of this length still leaves a line readable; the rest is told by its beginning.
const MOST_PATH_CHARS = 200;
const EMAIL_COLUMN = 24;
const METHOD_COLUMN = 7;
const PATH_COLUMN = 32;

/** Agent events as text for a person. */
export class Terminal implements AgentEvents {
  readonly #options: TerminalOptions;
  #url: string | undefined;

  constructor(options: TerminalOptions) {
    this.#options = options;
  }

  /** The line that stands for others that found no room. */
  static dropped(lines: number): string {
    return `… ${lines} lines dropped\n`;
  }

  online(url: string): void {
    if (url === this.#url) this.#line(this.#style('green', 'online again'));
    else this.#block(url);
  }

  offline(error: PosternError, retryInMs: number): void {
    const reason = `${printable(offlineReason(error))} (${error.code})`;
    this.#line(`${this.#style('yellow', 'offline')}  ${reason}, trying again in ${formatDuration(retryInMs)}`);
  }

  request(record: RequestRecord): void {
    const { time, email, method, path, status, durationMs, aborted } = record;
    const columns = [
      this.#style('dim', formatTime(time)),
      printable(email ?? '-').padEnd(EMAIL_COLUMN),
      printable(method).padEnd(METHOD_COLUMN),
      printable(path.length > MOST_PATH_CHARS ? `${path.slice(0, MOST_PATH_CHARS)}…` : path).padEnd(PATH_COLUMN),
      this.#style(statusStyle(status), String(status)),
      this.#style('dim', formatDuration(durationMs)),
    ];
    if (aborted) columns.push(this.#style('yellow', 'broken off'));
    this.#line(columns.join('  '));
  }

  hint(text: string): void {
    this.#line(`${this.#style('cyan', 'hint')}  ${printable(text)}`);
  }

  #block(url: string): void {
    this.#url = url;
    this.#line('');
    this.#line(`  ${this.#style(['bold', 'green'], printable(url))}`);
    this.#line(`  forwards to   ${printable(this.#options.target.origin)}`);
    this.#line(`  open to       ${printable(describeAllow(this.#options.allow))}`);
    this.#line('');
  }

  #style(style: Style, text: string): string {
    return this.#options.coloured ? styleText(style, text, { validateStream: false }) : text;
  }

  #line(text: string): void {
    this.#options.output.write(`${text}\n`);
  }
}

/** Why there is no link. The sentence of a lost link is meant for visitors; its message says what happened here. */
export function offlineReason({ code, text, message }: PosternError): string {
  return code === 'ERR_LINK_LOST' ? message : text;
}

/** Who may open a tunnel, in words. */
export function describeAllow(allow: readonly string[]): string {
  if (allow.includes('public')) return 'everyone, without signing in (where the edge permits it)';
  if (allow.length === 0) return "only the token's owner (--allow lets others in)";
  const others = allow.map((rule) => (rule === '*' ? 'anyone who signs in' : rule));
  return `the token's owner, ${others.join(', ')}`;
}

function formatTime(time: Date): string {
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

function formatDuration(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

function statusStyle(status: number): Style {
  if (status >= 500) return 'red';
  if (status >= 400) return 'yellow';
  return status >= 300 ? 'cyan' : 'green';
}
