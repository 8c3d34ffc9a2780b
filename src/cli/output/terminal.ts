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
import type { Bottom } from './bottom-lines.js';
import { explainOffline } from './connection-advice.js';
import { describeAllow } from './describe-allow.js';
import { truncateTo } from './fit.js';
import { LiveBlock } from './live-block.js';
import { type Asker, askLine, MARGIN, type PeopleShown, peopleLines } from './people-lines.js';
import { fittedLine, formatDuration, fullLine, type Styler } from './request-line.js';

export interface TerminalOptions {
  readonly output: Output;
  /** Whether colours may be written. */
  readonly coloured: boolean;
  /** The width of the terminal, read for each line; undefined without a terminal: then lines are written in full. */
  readonly columns: () => number | undefined;
  /** The height of the terminal; undefined where it is not known. */
  readonly rows?: () => number | undefined;
  /** What the terminal calls itself (`TERM`). */
  readonly type?: string | undefined;
  readonly edge: string;
  /** Shown in the block. */
  readonly target: URL;
  readonly allow: readonly string[];
  /** What the tunnel is limited to, each in some words. */
  readonly limits?: readonly string[];
}

/** Agent events as text for a person. */
export class Terminal implements AgentEvents {
  readonly #options: TerminalOptions;
  #url: string | undefined;
  /** The line of the last failure, until there is a link. */
  #lastOffline: string | undefined;
  #attempts = 0;
  readonly #block: LiveBlock;
  /** The line about the next attempt, while there is no link. */
  #attempt: string | undefined;
  #people: PeopleShown = { here: [], askers: [] };
  #bottom: Bottom | undefined;
  /** The terminal is another program's now. */
  #isHidden = false;
  readonly #told = new Set<string>();

  constructor(options: TerminalOptions) {
    this.#options = options;
    this.#block = new LiveBlock(options.output, () => options.columns() ?? Number.POSITIVE_INFINITY);
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
    this.#attempt = undefined;
    this.#refresh();
    if (url === this.#url) this.#line(this.#style('green', 'online again'));
    else this.#address(url);
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
    this.#attempt = `attempt ${this.#attempts}, again in ${formatDuration(retryInMs)}`;
    this.#refresh();
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

  /** Shows who is here. */
  people(here: readonly string[]): void {
    this.#people = { ...this.#people, here };
    this.#refresh();
  }

  /** Shows who asks to be let in: at the bottom of a terminal, and without keys that answer in a line, once each. */
  askers(askers: readonly Asker[]): void {
    this.#people = { ...this.#people, askers };
    for (const asker of askers) if (!this.#told.has(asker.id)) this.#announce(asker);
    this.#told.clear();
    for (const { id } of askers) this.#told.add(id);
    this.#refresh();
  }

  /** Shows the keys, or what they are asked for, below everything else; undefined while there are none. */
  bottom(bottom: Bottom | undefined): void {
    this.#bottom = bottom;
    this.#refresh();
  }

  /** Writes the lines at the bottom again: the terminal has another size. */
  resized(): void {
    this.#refresh();
  }

  /** Erases what is at the bottom, at once, while another program has the terminal. */
  owned(isOurs: boolean): void {
    this.#isHidden = !isOurs;
    this.#refresh();
    this.#options.output.flush?.();
  }

  /** Keeps what is to be written, or writes it: Ctrl-S and Ctrl-Q. */
  hold(isHeld: boolean): void {
    this.#options.output.hold?.(isHeld);
  }

  /** Rings the bell for a person who looks elsewhere; many terminals show the text on the desktop (OSC 9). */
  ring(text: string): void {
    if (this.#options.columns() === undefined) return;
    const shown = WITHOUT_OSC.has(this.#options.type) ? '' : `\x1b]9;${printable(text)}${BELL}`;
    this.#options.output.write(`${shown}${BELL}`);
  }

  /** An empty line, which sets apart what comes next. */
  separate(): void {
    this.#line('');
  }

  /** Erases what is at the bottom. To be called at the end. */
  close(): void {
    this.hold(false);
    this.#isHidden = true;
    this.#block.close();
  }

  hint(text: string): void {
    this.#line(`${this.#style('cyan', 'hint')}  ${printable(text)}`);
  }

  #address(url: string): void {
    this.#url = url;
    this.#line('');
    this.#line(`  ${this.#style(['bold', 'green'], printable(url))}`);
    this.#line(`  forwards to   ${printable(describeTarget(this.#options.target))}`);
    this.#line(`  open to       ${printable(describeAllow(this.#options.allow))}`);
    const { limits = [] } = this.#options;
    if (limits.length > 0) this.#line(`  limited to    ${limits.join(', ')}`);
    this.#line('');
  }

  #announce(asker: Asker): void {
    if (this.#options.columns() === undefined || this.#bottom === undefined)
      this.#line(`${askLine(asker)}  (postern allow ${printable(asker.email)}, or postern revoke)`);
  }

  /** Writes the lines at the bottom again, where there is a terminal. */
  #refresh(): void {
    const columns = this.#options.columns();
    if (columns === undefined) return;
    if (this.#isHidden) return void this.#block.close();
    const { lines = [], back = 0 } = this.#bottom?.(columns, this.#style) ?? {};
    const all = [...this.#status(columns), ...lines];
    const rows = this.#options.rows?.() ?? all.length + 1;
    this.#block.show(all.slice(-Math.max(1, rows - 1)), back);
  }

  /** Who is here, who asks, and how the link is. */
  #status(columns: number): string[] {
    const lines = peopleLines(this.#people, columns, this.#style);
    if (this.#attempt === undefined) return lines;
    return [...lines, this.#style('dim', truncateTo(`         ${this.#attempt}`, columns - MARGIN))];
  }

  #line(text: string): void {
    this.#block.scroll(text);
  }
}

const BELL = '\x07';

// These take no text from a program, or show it as it is.
const WITHOUT_OSC = new Set(['dumb', 'linux', undefined]);

// A socket has no origin.
function describeTarget(target: URL): string {
  return target.protocol === 'unix:' ? decodeURIComponent(target.href) : target.origin;
}
