/**
 * Cuts TypeScript into words, strings, regular expressions and signs, without comments: enough to see imports and single words where they
 * are code and not prose. (The compiler's own parser has no stable API in TypeScript 7.)
 */

export interface Token {
  readonly kind: 'word' | 'string' | 'regex' | 'sign';
  /** A string without its quotes. */
  readonly text: string;
  readonly line: number;
}

const SPACE = /\s+/y;
const COMMENT = /\/\/[^\n]*|\/\*.*?\*\//sy;
const WORD = /[\p{ID_Start}$_#][\p{ID_Continue}$]*/uy;
const NUMBER = /\d[\w.]*/y;
const STRING = /'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"/sy;
const REGEX = /\/(?![*/])(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const TEMPLATE_TEXT = /(?:[^`\\$]|\\.|\$(?!\{))*/sy;

// A slash after one of these divides; after anything else it begins a regular expression.
const BEFORE_DIVISION = /^(?:[\])}]|[\p{ID_Continue}$]+)$/u;
const NOT_OPERANDS = new Set([
  'return',
  'typeof',
  'case',
  'in',
  'of',
  'delete',
  'void',
  'throw',
  'new',
  'await',
  'yield',
]);

/** The tokens of a source text. Throws `SyntaxError` on what it cannot read, rather than to skip it. */
export function tokenize(source: string): Token[] {
  return new Tokenizer(source).run();
}

class Tokenizer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  run(): Token[] {
    this.#code();
    if (this.#at < this.#source.length) throw new SyntaxError(`cannot read line ${this.#line()}`);
    return this.#tokens;
  }

  // Up to the end, or to the brace that closes a template's expression.
  #code(): void {
    for (let depth = 0; this.#at < this.#source.length; ) {
      if (this.#match(SPACE) ?? this.#match(COMMENT)) continue;
      const sign = this.#source[this.#at] as string;
      if (sign === '}' && depth-- === 0) return;
      if (sign === '{') depth++;
      if (sign === '`') this.#template();
      else this.#simple();
    }
  }

  #simple(): void {
    const string = this.#match(STRING);
    const word = string ?? this.#match(WORD) ?? this.#match(NUMBER);
    if (string) this.#push('string', string[1] ?? string[2] ?? '');
    else if (word) this.#push('word', word[0]);
    else this.#signOrRegex();
  }

  #signOrRegex(): void {
    const regex = this.#source[this.#at] === '/' && !this.#divides() ? this.#match(REGEX) : undefined;
    if (regex) this.#push('regex', regex[0]);
    else this.#push('sign', this.#source[this.#at++] as string);
  }

  #template(): void {
    for (this.#at++; ; this.#at++) {
      this.#push('string', this.#match(TEMPLATE_TEXT)?.[0] ?? '');
      if (this.#source[this.#at] === '`') break;
      if (!this.#source.startsWith('${', this.#at)) throw new SyntaxError(`open template, line ${this.#line()}`);
      this.#at += 2;
      this.#code();
    }
    this.#at++;
  }

  #divides(): boolean {
    const before = this.#tokens.at(-1);
    if (before === undefined) return false;
    return before.kind === 'string' || (BEFORE_DIVISION.test(before.text) && !NOT_OPERANDS.has(before.text));
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#source);
    if (match === null) return undefined;
    this.#at += match[0].length;
    return match;
  }

  #push(kind: Token['kind'], text: string): void {
    this.#tokens.push({ kind, text, line: this.#line() });
  }

  #line(): number {
    return this.#source.slice(0, this.#at).split('\n').length;
  }
}
