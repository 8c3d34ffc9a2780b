/** Where the tunnels of a process are shown: standard output, for a person or with `--json` for a program. */
import { BatchedOutput } from './batched-output.js';
import { JsonLines } from './json-lines.js';
import type { Screen } from './screen.js';
import { reportOutputFailure, standardSink, unblock } from './sinks.js';
import type { TerminalOptions } from './terminal.js';
import type { InspectorAddress, TunnelView } from './tunnel-view.js';

export type Format = 'json' | 'text';

/** A tunnel that is to be shown. */
export interface Shown extends Omit<TerminalOptions, 'screen' | 'label'> {
  /** When it ends by itself, in milliseconds since the epoch. */
  readonly endsAtMs?: number | undefined;
  /** Its name, where there are several, and the length of the longest. */
  readonly label?: TerminalOptions['label'];
}

// A live reader takes the rest in less.
const MAX_OUTPUT_MS = 1_000;

// For a terminal of unknown width.
const DEFAULT_COLUMNS = 80;

interface Parts extends Pick<Display, 'format' | 'screen' | 'hint' | 'inspect'> {
  readonly output: BatchedOutput;
  readonly view: (tunnel: Shown) => TunnelView;
}

export class Display {
  readonly format: Format;
  /** Undefined with JSON. */
  readonly screen: Screen | undefined;
  /** Says what is about no single tunnel. */
  readonly hint: (text: string) => void;
  /** Shows where the inspector is. */
  readonly inspect: (address: InspectorAddress) => void;
  readonly #output: BatchedOutput;
  readonly #view: (tunnel: Shown) => TunnelView;

  private constructor({ output, format, screen, view, hint, inspect }: Parts) {
    this.#output = output;
    this.format = format;
    this.screen = screen;
    this.#view = view;
    this.hint = hint;
    this.inspect = inspect;
    process.once('exit', () => output.flushLast());
    process.stdout.on('resize', () => screen?.resized());
  }

  static async open(format: Format): Promise<Display> {
    unblock(process.stderr);
    if (format === 'json') {
      const output = openOutput(JsonLines.dropped);
      const view = ({ edge, endsAtMs, label }: Shown) => new JsonLines(output, edge, { endsAtMs, tunnel: label?.text });
      const hint = (text: string) => JsonLines.hint(output, text);
      const inspect = (address: InspectorAddress) => JsonLines.inspect(output, address);
      return new Display({ output, format, screen: undefined, view, hint, inspect });
    }
    // Here: a program needs neither.
    const [{ Screen: OpenScreen }, { Terminal }] = await Promise.all([import('./screen.js'), import('./terminal.js')]);
    const output = openOutput((lines) => `… ${lines} lines dropped\n`);
    const screen = new OpenScreen({ output, ...terminalOf(process.stdout) });
    const view = (tunnel: Shown) => new Terminal({ ...tunnel, screen });
    const hint = (text: string) => screen.hint(text);
    const inspect = (address: InspectorAddress) => screen.inspect(address);
    return new Display({ output, format, screen, view, hint, inspect });
  }

  /** The screen, where standard output is a terminal. */
  get terminal(): Screen | undefined {
    return process.stdout.isTTY ? this.screen : undefined;
  }

  /** Shows one more tunnel. */
  view(tunnel: Shown): TunnelView {
    return this.#view(tunnel);
  }

  flush(): void {
    this.#output.flush();
  }

  /** Erases what is at the bottom, before anything else is said. */
  close(): void {
    this.screen?.close();
    this.flush();
  }

  /** Resolves when all is written, or its reader has stopped. */
  async drained(): Promise<void> {
    await this.#output.drained(MAX_OUTPUT_MS);
  }
}

function openOutput(droppedLine: (lines: number) => string): BatchedOutput {
  return new BatchedOutput(standardSink(process.stdout), { droppedLine, failed: reportOutputFailure });
}

function terminalOf(stdout: NodeJS.WriteStream) {
  return {
    coloured: stdout.isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb',
    columns: () => (stdout.isTTY ? stdout.columns || DEFAULT_COLUMNS : undefined),
    rows: () => stdout.rows || undefined, // 0 where a terminal has no size
    type: process.env['TERM'],
  };
}
