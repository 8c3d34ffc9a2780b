/**
 * Standard output of a person, which all tunnels of a process share: lines that scroll by, and below them what is true now (who is
 * here, who asks, the keys). Everything that is given to it is printable already.
 */
import { styleText } from 'node:util';
import { printable } from '../../config/text.js';
import type { Output } from './batched-output.js';
import type { Bottom } from './bottom-lines.js';
import { wrapTo } from './fit.js';
import { LiveBlock } from './live-block.js';
import type { Styler } from './request-line.js';
import type { InspectorAddress } from './tunnel-view.js';

export interface ScreenOptions {
  readonly output: Output;
  /** Whether colours may be written. */
  readonly coloured: boolean;
  /** The width of the terminal, read for each line; undefined without a terminal: then lines are written in full. */
  readonly columns: () => number | undefined;
  /** The height of the terminal; undefined where it is not known. */
  readonly rows?: () => number | undefined;
  /** What the terminal calls itself (`TERM`). */
  readonly type?: string | undefined;
}

/** What a tunnel shows at the bottom, for a terminal of some width. */
export type Status = (columns: number, style: Styler) => readonly string[];

export class Screen {
  readonly #options: ScreenOptions;
  readonly #block: LiveBlock;
  /** By tunnel, the first one first. */
  readonly #statuses = new Map<object, Status>();
  #bottom: Bottom | undefined;
  /** The terminal is another program's now. */
  #isHidden = false;

  constructor(options: ScreenOptions) {
    this.#options = options;
    this.#block = new LiveBlock(options.output, () => options.columns() ?? Number.POSITIVE_INFINITY);
  }

  readonly style: Styler = (style, text) =>
    this.#options.coloured ? styleText(style, text, { validateStream: false }) : text;

  /** The width of the terminal now; undefined without one. */
  get columns(): number | undefined {
    return this.#options.columns();
  }

  /** Whether a person can answer with a key. */
  get hasKeys(): boolean {
    return this.columns !== undefined && this.#bottom !== undefined;
  }

  /** Writes a line above what is at the bottom. */
  line(text: string): void {
    this.#block.scroll(text);
  }

  /** A sentence for the person. */
  hint(text: string): void {
    for (const line of wrapTo(`${this.style('cyan', 'hint')}  `, printable(text), this.columns)) this.line(line);
  }

  /** Shows where the inspector is: with the key for a person at a terminal, and without where the output may be kept. */
  inspect({ origin, withKey }: InspectorAddress): void {
    this.line(`${this.style('cyan', 'inspect')}  ${printable(this.columns === undefined ? origin : withKey)}`);
  }

  /** Shows what is true of a tunnel now; undefined when it is over. */
  status(of: object, status: Status | undefined): void {
    if (status === undefined) this.#statuses.delete(of);
    else this.#statuses.set(of, status);
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
    if (this.columns === undefined) return;
    const shown = WITHOUT_OSC.has(this.#options.type) ? '' : `\x1b]9;${printable(text)}${BELL}`;
    this.#options.output.write(`${shown}${BELL}`);
  }

  /** An empty line, which sets apart what comes next. */
  separate(): void {
    this.line('');
  }

  /** Erases what is at the bottom. To be called at the end. */
  close(): void {
    this.hold(false);
    this.#isHidden = true;
    this.#block.close();
  }

  /** Writes the lines at the bottom again, where there is a terminal. */
  #refresh(): void {
    const { columns } = this;
    if (columns === undefined) return;
    if (this.#isHidden) return void this.#block.close();
    const { lines = [], back = 0 } = this.#bottom?.(columns, this.style) ?? {};
    const statuses = [...this.#statuses.values()].flatMap((status) => status(columns, this.style));
    const all = [...statuses, ...lines];
    const rows = this.#options.rows?.() ?? all.length + 1;
    this.#block.show(all.slice(-Math.max(1, rows - 1)), back);
  }
}

const BELL = '\x07';

// These take no text from a program, or show it as it is.
const WITHOUT_OSC = new Set(['dumb', 'linux', undefined]);
