/**
 * The agent's output for a person: a block with the address when the tunnel is up, then one line per request. Everything that
 * comes from outside (paths, emails, sentences of the edge) is made printable before it is measured and written.
 */
import { styleText } from 'node:util';
import type { AgentEvents } from '../../agent/agent.js';
import type { RequestRecord } from '../../agent/target/request-record.js';
import { printable } from '../../config/text.js';
import type { PosternError } from '../../errors.js';
import type { Output } from './batched-output.js';
import { explainOffline } from './connection-advice.js';
import { truncateTo } from './fit.js';
import { fittedLine, formatDuration, fullLine, type Styler } from './request-line.js';

export interface TerminalOptions {
  readonly output: Output;
  /** Whether colours may be written. */
  readonly coloured: boolean;
  /** The width of the terminal, read for each line; undefined without a terminal: then lines are written in full. */
  readonly columns: () => number | undefined;
  readonly edge: string;
  /** Shown in the block. */
  readonly target: URL;
  readonly allow: readonly string[];
}

const ERASE_LINE = '\r\x1b[2K';

/** Agent events as text for a person. */
export class Terminal implements AgentEvents {
  readonly #options: TerminalOptions;
  #url: string | undefined;
  /** The line of the last failure, until there is a link. */
  #lastOffline: string | undefined;
  #attempts = 0;
  /** The next line overwrites the one at the bottom. */
  #isTransient = false;

  constructor(options: TerminalOptions) {
    this.#options = options;
  }

  readonly #style: Styler = (style, text) =>
    this.#options.coloured ? styleText(style, text, { validateStream: false }) : text;

  /** The line that replaces lines that found no room. */
  static dropped(lines: number): string {
    return `… ${lines} lines dropped\n`;
  }

  online(url: string): void {
    this.#lastOffline = undefined;
    this.#attempts = 0;
    if (url === this.#url) this.#line(this.#style('green', 'online again'));
    else this.#block(url);
  }

  /** Shows a cause once; further attempts that fail for the same cause are counted at the bottom of a terminal. */
  offline(error: PosternError, retryInMs: number): void {
    const { reason, remedy } = explainOffline(error, this.#options.edge);
    const text = `${this.#style('yellow', 'offline')}  ${printable(reason)} (${error.code})`;
    const columns = this.#options.columns();
    const isNew = text !== this.#lastOffline;
    this.#lastOffline = text;
    this.#attempts += 1;
    if (isNew) this.#line(columns === undefined ? `${text}, trying again in ${formatDuration(retryInMs)}` : text);
    if (isNew && remedy !== undefined) this.#line(`         ${remedy}`);
    if (columns !== undefined)
      this.#transient(`attempt ${this.#attempts}, again in ${formatDuration(retryInMs)}`, columns);
  }

  request(record: RequestRecord): void {
    const columns = this.#options.columns();
    this.#line(columns === undefined ? fullLine(record, this.#style) : fittedLine(record, columns, this.#style));
    // The visitor may be looking at an error page with this id.
    const { status, aborted, requestId, failure } = record;
    if (failure !== undefined) this.#line(`         ${printable(failure)}`);
    if (columns !== undefined && requestId !== undefined && (status >= 500 || aborted))
      this.#line(this.#style('dim', truncateTo(`         id ${printable(requestId)}`, columns)));
  }

  /** Erases a transient line. To be called at the end. */
  close(): void {
    if (this.#isTransient) this.#options.output.write(ERASE_LINE);
    this.#isTransient = false;
  }

  hint(text: string): void {
    this.#line(`${this.#style('cyan', 'hint')}  ${printable(text)}`);
  }

  #block(url: string): void {
    this.#url = url;
    this.#line('');
    this.#line(`  ${this.#style(['bold', 'green'], printable(url))}`);
    this.#line(`  forwards to   ${printable(describeTarget(this.#options.target))}`);
    this.#line(`  open to       ${printable(describeAllow(this.#options.allow))}`);
    this.#line('');
  }

  #transient(text: string, columns: number): void {
    const line = this.#style('dim', truncateTo(`         ${text}`, columns - 1)); // in the last column some terminals wrap
    this.#options.output.write(this.#isTransient ? `${ERASE_LINE}${line}` : line);
    this.#isTransient = true;
  }

  #line(text: string): void {
    this.#options.output.write(this.#isTransient ? `${ERASE_LINE}${text}\n` : `${text}\n`);
    this.#isTransient = false;
  }
}

// A socket has no origin.
function describeTarget(target: URL): string {
  return target.protocol === 'unix:' ? decodeURIComponent(target.href) : target.origin;
}

/** Who may open a tunnel, in words. */
export function describeAllow(allow: readonly string[]): string {
  if (allow.includes('public')) return 'everyone, without signing in (where the edge permits it)';
  if (allow.length === 0) return "only the token's owner (--allow lets others in)";
  const others = allow.map((rule) => (rule === '*' ? 'anyone who signs in' : rule));
  return `the token's owner, ${others.join(', ')}`;
}
