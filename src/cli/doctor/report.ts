/** What `postern doctor` prints: a line for each check, and what to do below it; or a JSON object for each. */
import { styleText } from 'node:util';
import { printable } from '../../config/text.js';
import type { CheckId, Finding } from './check.js';

const STYLES = { ok: 'green', warning: 'yellow', failure: 'red', skipped: 'gray' } as const;

const BEFORE = 'they need what has failed before them';

const WIDTHS = { result: 8, id: 12 };

export interface Report {
  add(id: CheckId, finding: Finding): void;
  /** What follows is about one of several tunnels. */
  tunnel(name: string): void;
  /** Resolves to whether nothing has failed. */
  end(): boolean;
}

export interface ReportOptions {
  readonly write: (line: string) => void;
  readonly isJson: boolean;
  readonly isColoured: boolean;
}

export function createReport({ write, isJson, isColoured }: ReportOptions): Report {
  const counts = { ok: 0, warning: 0, failure: 0, skipped: 0 };
  const paint = (result: Finding['result'], text: string) =>
    isColoured ? styleText(STYLES[result], text, { validateStream: false }) : text;
  let tunnel: string | undefined;
  let skipped: { readonly id: CheckId; readonly text: string }[] = [];
  // What one failure makes senseless is one line for a person.
  const flush = () => {
    const [first, ...others] = skipped;
    skipped = [];
    if (first === undefined) return;
    const ids = [first, ...others].map(({ id }) => id);
    const text = others.length === 0 ? `${first.id.padEnd(WIDTHS.id)} ${first.text}` : `${ids.join(', ')}: ${BEFORE}`;
    write(`${paint('skipped', 'skipped'.padEnd(WIDTHS.result))} ${printable(text)}`);
  };
  return {
    add: (id, { result, text, fix }) => {
      counts[result] += 1;
      if (isJson) return write(JSON.stringify({ check: id, tunnel, result, text, fix }));
      if (result === 'skipped') return void skipped.push({ id, text });
      flush();
      write(`${paint(result, result.padEnd(WIDTHS.result))} ${id.padEnd(WIDTHS.id)} ${printable(text)}`);
      if (fix !== undefined) write(`${' '.repeat(WIDTHS.result + WIDTHS.id + 2)}→ ${printable(fix)}`);
    },
    tunnel: (name) => {
      flush();
      tunnel = name;
      if (!isJson) write(`\n${printable(name)}`);
    },
    end: () => {
      flush();
      if (!isJson) write(`\n${summary(counts)}`);
      return counts.failure === 0;
    },
  };
}

function summary({ failure, warning, skipped }: Readonly<Record<Finding['result'], number>>): string {
  if (failure > 0) return `${count(failure, 'failure')}, ${count(warning, 'warning')}.`;
  if (warning > 0) return `Nothing has failed; ${count(warning, 'warning')}.`;
  return skipped > 0 ? 'Nothing is wrong with what was looked at.' : 'Nothing is wrong.';
}

function count(number: number, word: string): string {
  return `${number === 0 ? 'no' : number} ${word}${number === 1 ? '' : 's'}`;
}
