/**
 * Masks values in JSON by its text, which is not parsed and written again: what was cut, or is no JSON, is masked too, and the
 * rest stays as it was. One pass from left to right: a regular expression would take quadratic time for some texts.
 */
import { MASK } from './wire.js';

interface Span {
  readonly from: number;
  readonly to: number;
}

/** The text with the mask for each string, number and literal whose key is a secret. */
export function maskedJson(text: string, isSecret: (key: string) => boolean): string {
  let masked = '';
  let copied = 0;
  for (let at = text.indexOf('"'); at >= 0; ) {
    const end = endOfString(text, at);
    const value = valueBehind(text, end);
    let next = end;
    if (value !== undefined && isSecret(text.slice(at + 1, end - 1))) {
      masked += `${text.slice(copied, value.from)}"${MASK}"`;
      copied = value.to;
      next = value.to;
    }
    at = text.indexOf('"', next);
  }
  return masked + text.slice(copied);
}

/** Behind the quotation mark that ends a string; the end of the text when there is none. */
function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

/** The value whose key ends at `from`; undefined when that is no key, or the value is an object or a list. */
function valueBehind(text: string, from: number): Span | undefined {
  const colon = skipSpace(text, from);
  if (text[colon] !== ':') return undefined;
  const at = skipSpace(text, colon + 1);
  if (text[at] === '"') return { from: at, to: endOfString(text, at) };
  let to = at;
  while (to < text.length && LITERAL.test(text[to] as string)) to += 1;
  return to > at ? { from: at, to } : undefined;
}

const LITERAL = /[\w.+-]/;

function skipSpace(text: string, from: number): number {
  let at = from;
  while (' \t\r\n'.includes(text[at] ?? 'end')) at += 1;
  return at;
}
