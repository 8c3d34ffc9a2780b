/**
 * One tunnel's output for a person: a block with the address when the tunnel is up, then one line per request. Where there are
 * several tunnels, each line begins with the name of its own. Everything that comes from outside (paths, emails, sentences of the
 * edge) is made printable before it is measured and written.
 */
import type { RequestRecord } from '../../agent/target/request-record.js';
import { printable } from '../../config/text.js';
import type { PosternError } from '../../errors.js';
import { explainOffline } from './connection-advice.js';
import { describeAllow } from './describe-allow.js';
import { describeTarget } from './describe-target.js';
import { fitTo, truncateTo, wrapTo } from './fit.js';
import { type Asker, askLine, MARGIN, type PeopleShown, peopleLines } from './people-lines.js';
import { fittedLine, formatDuration, fullLine } from './request-line.js';
import type { Screen } from './screen.js';
import type { TunnelView } from './tunnel-view.js';

export interface TerminalOptions {
  readonly screen: Screen;
  readonly edge: string;
  /** Shown in the block. */
  readonly target: URL;
  readonly mounts?: Readonly<Record<string, URL>>;
  readonly allow: readonly string[];
  /** What the tunnel is limited to, each in some words. */
  readonly limits?: readonly string[];
  /** The name of the tunnel, where there are several, and the columns of the longest. */
  readonly label?: { readonly text: string; readonly columns: number } | undefined;
}

const INDENT = '         ';

/** Events of a tunnel as text for a person. */
export class Terminal implements TunnelView {
  readonly #options: TerminalOptions;
  readonly #screen: Screen;
  #url: string | undefined;
  /** The line of the last failure, until there is a link. */
  #lastOffline: string | undefined;
  #attempts = 0;
  /** The line about the next attempt, while there is no link. */
  #attempt: string | undefined;
  #people: PeopleShown = { here: [], askers: [] };
  readonly #told = new Set<string>();
  readonly #label: string;

  constructor(options: TerminalOptions) {
    this.#options = options;
    this.#screen = options.screen;
    const { label } = options;
    this.#label = label === undefined ? '' : `${fitTo(printable(label.text), label.columns)}  `;
  }

  /** A link that takes the place of another, while the tunnel stays online, is nothing to say. */
  online(url: string): void {
    const wasOffline = this.#lastOffline !== undefined;
    this.#lastOffline = undefined;
    this.#attempts = 0;
    this.#attempt = undefined;
    this.#refresh();
    if (url !== this.#url) this.#address(url);
    else if (wasOffline) this.#line(this.#screen.style('green', 'online again'));
  }

  /** Shows a cause once; further attempts that fail for the same cause are counted at the bottom of a terminal. */
  offline(error: PosternError, retryInMs: number): void {
    const { reason, remedy } = explainOffline(error, this.#options.edge);
    const text = `${printable(reason)} (${error.code})`;
    const { columns } = this.#screen;
    const isNew = text !== this.#lastOffline;
    this.#lastOffline = text;
    this.#attempts += 1;
    const further = columns === undefined ? `, trying again in ${formatDuration(retryInMs)}` : '';
    if (isNew) this.#sentence(`${this.#screen.style('yellow', 'offline')}  `, text + further);
    if (isNew && remedy !== undefined) this.#sentence(INDENT, remedy);
    this.#attempt = `attempt ${this.#attempts}, again in ${formatDuration(retryInMs)}`;
    this.#refresh();
  }

  request(record: RequestRecord): void {
    const { style } = this.#screen;
    const columns = this.#columns;
    this.#line(columns === undefined ? fullLine(record, style) : fittedLine(record, columns, style));
    // The visitor may be looking at an error page with this id.
    const { status, aborted, requestId, failure } = record;
    if (failure !== undefined) this.#sentence(INDENT, printable(failure));
    if (columns !== undefined && requestId !== undefined && (status >= 500 || aborted))
      this.#line(style('dim', truncateTo(`         id ${printable(requestId)}`, columns)));
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

  hint(text: string): void {
    this.#sentence(`${this.#screen.style('cyan', 'hint')}  `, printable(text));
  }

  /** The edge's refusal: this tunnel is over, others go on. */
  refused(_error: PosternError, sentence: string): void {
    const [first = '', ...more] = sentence.split('\n').map(printable);
    this.#sentence(`${this.#screen.style('red', 'refused')}  `, first);
    for (const line of more) this.#sentence(INDENT, line);
    this.close();
  }

  over(sentence: string): void {
    this.#line(printable(sentence));
    this.close();
  }

  close(): void {
    this.#screen.status(this, undefined);
  }

  #address(url: string): void {
    this.#url = url;
    const isLabelled = this.#label !== '';
    if (!isLabelled) this.#line('');
    this.#line(`  ${this.#screen.style(['bold', 'green'], printable(url))}`);
    this.#line(`  forwards to   ${printable(describeTarget(this.#options.target))}`);
    for (const [path, target] of Object.entries(this.#options.mounts ?? {}))
      this.#line(`  ${printable(path).padEnd(12)}  ${printable(describeTarget(target))}`);
    this.#line(`  open to       ${printable(describeAllow(this.#options.allow))}`);
    const { limits = [] } = this.#options;
    if (limits.length > 0) this.#line(`  limited to    ${limits.join(', ')}`);
    if (!isLabelled) this.#line('');
  }

  #announce(asker: Asker): void {
    if (!this.#screen.hasKeys)
      this.#line(`${askLine(asker)}  (postern allow ${printable(asker.email)}, or postern revoke)`);
  }

  #refresh(): void {
    this.#screen.status(this, (columns, style) => {
      const width = Math.max(1, columns - this.#label.length);
      const lines = [...peopleLines(this.#people, width, style)];
      if (this.#attempt !== undefined)
        lines.push(style('dim', truncateTo(`         ${this.#attempt}`, width - MARGIN)));
      return lines.map((line) => this.#labelled(line));
    });
  }

  /** Of what a line of this tunnel has: its name takes the rest. */
  get #columns(): number | undefined {
    const { columns } = this.#screen;
    return columns === undefined ? undefined : Math.max(1, columns - this.#label.length);
  }

  /** Broken between words where the terminal is narrower. */
  #sentence(first: string, text: string): void {
    for (const line of wrapTo(first, text, this.#columns)) this.#line(line);
  }

  #line(text: string): void {
    this.#screen.line(this.#labelled(text));
  }

  #labelled(text: string): string {
    return this.#label === '' ? text : `${this.#screen.style('cyan', this.#label)}${text}`;
  }
}
