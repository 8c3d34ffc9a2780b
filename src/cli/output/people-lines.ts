/** The lines at the bottom of a terminal about people: who is here, and who asks to be let in. */
import { printable } from '../../config/text.js';
import { truncateTo } from './fit.js';
import type { Styler } from './request-line.js';

/** Who asks to be let in. All of it is text of strangers. */
export interface Asker {
  readonly id: string;
  readonly email: string;
  readonly message: string;
}

export interface PeopleShown {
  readonly here: readonly string[];
  readonly askers: readonly Asker[];
}

/** In the last column some terminals wrap. */
export const MARGIN = 1;

/** The lines, cut to the width of the terminal; none when there is no one to show. */
export function peopleLines({ here, askers }: PeopleShown, columns: number, style: Styler): string[] {
  const width = columns - MARGIN;
  const lines =
    here.length === 0 ? [] : [style('dim', truncateTo(`here     ${here.map(printable).join(', ')}`, width))];
  const [first] = askers;
  if (first !== undefined) lines.push(style('bold', truncateTo(askLine(first), width)));
  return lines;
}

/** One line about a person who asks. */
export function askLine({ email, message }: Asker): string {
  return `asks     ${printable(email)}${message === '' ? '' : `: ${printable(message)}`}`;
}
