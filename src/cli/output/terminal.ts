/**
 * What the agent shows a person: a block with the address when the tunnel is up, then one line per request, fitted to the
 * terminal, or whole where there is none. Everything that comes from outside (paths, emails, sentences of the edge) is made
 * printable before it is measured and written.
 */
import { styleText } from 'node:util';
import type { AgentEvents } from '../../agent/agent.js';
import type { RequestRecord } from '../../agent/target/request-record.js';
import { printable } from '../../config/text.js';
import type { PosternError } from '../../errors.js';
import type { Output } from './batched-output.js';
import { explainOffline } from './connection-advice.js';
import { fitTo, truncateTo } from './fit.js';

export interface TerminalOptions {
  readonly output: Output;
  /** Whether colours may be written. */
  readonly coloured: boolean;
  /** The width of the terminal, asked for with each line; undefined when this is none: lines are whole then. */
  readonly columns: () => number | undefined;
  readonly edge: string;
  /** What the block says of the tunnel. */
  readonly target: URL;
  readonly allow: readonly string[];
}

type Style = Parameters<typeof styleText>[0];

// A path of this length still leaves a line readable; the rest is told by its beginning.
const MAX_PATH_CHARS = 200;
const DURATION_COLUMNS = 7;
const METHOD_COLUMNS = 6;
const EMAIL_COLUMNS = 24;
/** Time, status, duration and method, with a space behind each. */
const FIXED_COLUMNS = 8 + 1 + 3 + 1 + DURATION_COLUMNS + 1 + METHOD_COLUMNS + 1;
// Of what the fixed columns leave, a person's name is worth less than the path.
const EMAIL_SHARE = 0.4;
const MIN_EMAIL_COLUMNS = 8;

const ERASE_LINE = '\r\x1b[2K';

/** Agent events as text for a person. */
export class Terminal implements AgentEvents {
  readonly #options: TerminalOptions;
  #url: string | undefined;
  /** What the last failure was told as, until there is a link. */
  #lastOffline: string | undefined;
  #attempts = 0;
  /** The line at the bottom is written over by the next one. */
  #isTransient = false;

  constructor(options: TerminalOptions) {
    this.#options = options;
  }

  /** The line that stands for others that found no room. */
  static dropped(lines: number): string {
    return `… ${lines} lines dropped\n`;
  }

  online(url: string): void {
    this.#lastOffline = undefined;
    this.#attempts = 0;
    if (url === this.#url) this.#line(this.#style('green', 'online again'));
    else this.#block(url);
  }

  /** The cause is told once; each further attempt that fails for the same one only counts, at the bottom of a terminal. */
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
    this.#line(columns === undefined ? this.#fullLine(record) : this.#fittedLine(record, columns));
    // What went wrong here may be on a page before somebody's eyes, with its id.
    const { status, aborted, requestId, failure } = record;
    if (failure !== undefined) this.#line(`         ${printable(failure)}`);
    if (columns !== undefined && requestId !== undefined && (status >= 500 || aborted))
      this.#line(this.#style('dim', truncateTo(`         id ${printable(requestId)}`, columns)));
  }

  /** Takes back what was only passing. To be called at the end. */
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

  #fullLine({ time, email, method, path, status, durationMs, aborted, requestId }: RequestRecord): string {
    const columns = [
      this.#style('dim', formatTime(time)),
      this.#style(statusStyle(status), String(status)),
      this.#style('dim', formatDuration(durationMs).padStart(DURATION_COLUMNS)),
      printable(method).padEnd(METHOD_COLUMNS),
      printable(email ?? '-').padEnd(EMAIL_COLUMNS),
      printable(path.length > MAX_PATH_CHARS ? `${path.slice(0, MAX_PATH_CHARS)}…` : path),
    ];
    if (requestId !== undefined) columns.push(printable(requestId));
    if (aborted) columns.push(this.#style('yellow', 'broken off'));
    return columns.join('  ');
  }

  #fittedLine({ time, email, method, path, status, durationMs, aborted }: RequestRecord, columns: number): string {
    const start = [
      this.#style('dim', formatTime(time)),
      this.#style(statusStyle(status), String(status)),
      this.#style('dim', formatDuration(durationMs).padStart(DURATION_COLUMNS)),
      fitTo(printable(method), METHOD_COLUMNS),
    ];
    let left = columns - FIXED_COLUMNS;
    const forEmail = Math.min(EMAIL_COLUMNS, Math.floor(left * EMAIL_SHARE));
    if (forEmail >= MIN_EMAIL_COLUMNS) {
      start.push(fitTo(printable(email ?? '-'), forEmail));
      left -= forEmail + 1;
    }
    const mark = aborted ? 'broken off ' : '';
    // As long as it may be, no more of it is looked at than fits.
    const shown = truncateTo(printable(path.slice(0, columns + 1)), Math.max(1, left - mark.length));
    return `${start.join(' ')} ${mark && this.#style('yellow', mark)}${shown}`;
  }

  #transient(text: string, columns: number): void {
    const line = this.#style('dim', truncateTo(`         ${text}`, columns - 1)); // in the last column some terminals wrap
    this.#options.output.write(this.#isTransient ? `${ERASE_LINE}${line}` : line);
    this.#isTransient = true;
  }

  #style(style: Style, text: string): string {
    return this.#options.coloured ? styleText(style, text, { validateStream: false }) : text;
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

function formatTime(time: Date): string {
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

/** In seven characters for four months. */
function formatDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  return ms < 999_900 ? `${(ms / 1_000).toFixed(1)} s` : `${(ms / 3_600_000).toFixed(1)} h`;
}

function statusStyle(status: number): Style {
  if (status >= 500) return 'red';
  if (status >= 400) return 'yellow';
  return status >= 300 ? 'cyan' : 'green';
}
