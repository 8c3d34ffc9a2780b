/** Cuts the text of a filter into its terms: `key:value`, words, quotes, and `-` for what must not be. Pure. */

export interface Token {
  /** Undefined for a word. */
  readonly key: string | undefined;
  readonly value: string;
  readonly isNegated: boolean;
  readonly isQuoted: boolean;
  /** Where it begins in the text. */
  readonly at: number;
}

/** Why a text is no filter. */
export interface Problem {
  readonly code: 'unknown-key' | 'bad-value' | 'open-quote' | 'empty-term' | 'too-long';
  /** One sentence. */
  readonly message: string;
  /** Where in the text. */
  readonly at: number;
}

// Longer than anything that a person types; each term is a pass over all that is kept.
const MAX_CHARS = 1_000;
const MAX_TERMS = 32;

// A minus, a key with its colon, then a quoted text (`\"` and `\\` within), or all up to the next white space.
const TERM = /(-?)(?:([A-Za-z][A-Za-z-]*):)?(?:"((?:[^"\\]|\\.)*)"(?=[ \t\r\n]|$)|([^ \t\r\n]*))/y;

/** The terms of a text, or what is wrong with it. */
export function tokens(text: string): { readonly tokens: readonly Token[] } | { readonly problem: Problem } {
  if (text.length > MAX_CHARS) return tooLong(`A filter has at most ${MAX_CHARS} characters.`, MAX_CHARS);
  const found: Token[] = [];
  for (let at = skipSpace(text, 0); at < text.length; at = skipSpace(text, TERM.lastIndex)) {
    if (found.length === MAX_TERMS) return tooLong(`A filter has at most ${MAX_TERMS} terms.`, at);
    TERM.lastIndex = at;
    const token = readToken(TERM.exec(text) as RegExpExecArray, at); // every part of the pattern may be empty
    if ('problem' in token) return token;
    found.push(token);
  }
  return { tokens: found };
}

function readToken(match: RegExpExecArray, at: number): Token | { readonly problem: Problem } {
  const [, minus, key, quoted, plain = ''] = match;
  if (plain.startsWith('"'))
    return { problem: { code: 'open-quote', message: 'A quoted text has no end: expected a ".', at } };
  const value = quoted?.replace(/\\(.)/g, '$1') ?? plain;
  if (value === '') {
    const what =
      key === undefined
        ? minus === ''
          ? 'There is an empty text.'
          : 'There is nothing behind a “-”.'
        : `“${key}:” has no value.`;
    return { problem: { code: 'empty-term', message: what, at } };
  }
  return { key: key?.toLowerCase(), value, isNegated: minus === '-', isQuoted: quoted !== undefined, at };
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (' \t\r\n'.includes(text[at] ?? 'end')) at += 1;
  return at;
}

function tooLong(message: string, at: number): { readonly problem: Problem } {
  return { problem: { code: 'too-long', message, at } };
}
