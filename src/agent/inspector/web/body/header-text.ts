/** Headers as lines that a person edits, and back. */
import type { HeaderRow } from '../../wire.js';

export function headerText(headers: readonly HeaderRow[]): string {
  return headers.map(([name, value]) => `${name}: ${value}`).join('\n');
}

/** Or the first line that is no header, in one sentence. */
export function parseHeaderText(text: string): HeaderRow[] | string {
  const rows: HeaderRow[] = [];
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const [, name = '', value = ''] = /^([!#$%&'*+.^_`|~\dA-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name === '') return `Line ${at + 1} of the headers is not “name: value”.`;
    rows.push([name, value]);
  }
  return rows;
}
