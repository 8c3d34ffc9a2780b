/**
 * JSON as text: where its first error is, and the children of one value, found when a person opens it. Nothing is parsed into
 * objects, so numbers keep all their digits, equal keys all stand, and no depth overflows a stack.
 */

export interface JsonError {
  /** Index into the text. */
  readonly at: number;
  readonly message: string;
}

/** A member or an element: its value is `text.slice(at, end)`. */
export interface JsonChild {
  /** With its quotes, as it was written; undefined in an array. */
  readonly key: string | undefined;
  readonly at: number;
  readonly end: number;
}

export interface JsonPage {
  readonly children: readonly JsonChild[];
  /** All children of the value, on this page or not. */
  readonly total: number;
}

class Unexpected extends Error {
  readonly at: number;

  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const CLOSING: Readonly<Record<string, string>> = { '{': '}', '[': ']' };
const WORD = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4})/y;

/** The first error of a text, or undefined when it is JSON (RFC 8259). */
export function findJsonError(text: string): JsonError | undefined {
  try {
    check(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof Unexpected)) throw error;
    return { at: error.at, message: error.message };
  }
}

function check(text: string): void {
  const open: string[] = [];
  let at = skipSpace(text, 0);
  let expectsValue = true;
  for (;;) {
    const char = text[at] ?? '';
    const innermost = open.at(-1) ?? '';
    if (expectsValue) {
      const isContainer = char === '{' || char === '[';
      at = isContainer ? skipSpace(text, at + 1) : scalarEnd(text, at);
      if (isContainer) open.push(char);
      expectsValue = isContainer && text[at] !== CLOSING[char];
      if (expectsValue && char === '{') at = afterKey(text, at);
    } else if (innermost === '') {
      if (at < text.length) throw new Unexpected(at, 'expected nothing after the value');
      return;
    } else if (char === CLOSING[innermost]) {
      open.pop();
      at += 1;
    } else {
      if (char !== ',') throw new Unexpected(at, `expected “,” or “${CLOSING[innermost]}”`);
      at = skipSpace(text, at + 1);
      if (innermost === '{') at = afterKey(text, at);
      expectsValue = true;
    }
    if (!expectsValue) at = skipSpace(text, at);
  }
}

/** Of valid JSON, `size` children of the container at `at`, from the child `from` on. Of any other value, none. */
export function jsonPage(text: string, at: number, from: number, size: number): JsonPage {
  const children: JsonChild[] = [];
  let total = 0;
  for (const child of childrenOf(text, at)) {
    if (total >= from && total < from + size) children.push(child);
    total += 1;
  }
  return { children, total };
}

function* childrenOf(text: string, container: number): Generator<JsonChild> {
  const opening = text[container] ?? '';
  if (CLOSING[opening] === undefined) return;
  let at = skipSpace(text, container + 1);
  while (at < text.length && text[at] !== CLOSING[opening]) {
    const keyEnd = opening === '{' ? stringEnd(text, at) : at;
    const value = opening === '{' ? afterKey(text, at) : at;
    const end = jsonValueEnd(text, value);
    yield { key: opening === '{' ? text.slice(at, keyEnd) : undefined, at: value, end };
    at = skipSpace(text, end);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
}

/** Of valid JSON, the end of the value at `at`. */
export function jsonValueEnd(text: string, at: number): number {
  if (CLOSING[text[at] ?? ''] === undefined) return scalarEnd(text, at);
  let depth = 0;
  for (let to = at; to < text.length; to += 1) {
    const char = text[to] as string;
    if (char === '"') to = stringEnd(text, to) - 1;
    else if (char === '{' || char === '[') depth += 1;
    else if (char === '}' || char === ']') {
      depth -= 1;
      if (depth === 0) return to + 1;
    }
  }
  return text.length;
}

/** The first position at or after `at` that is no white space of JSON. */
export function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && ' \t\n\r'.includes(text[at] as string)) at += 1;
  return at;
}

function afterKey(text: string, at: number): number {
  if (text[at] !== '"') throw new Unexpected(at, 'expected a key in double quotes');
  const colon = skipSpace(text, stringEnd(text, at));
  if (text[colon] !== ':') throw new Unexpected(colon, 'expected “:” after the key');
  return skipSpace(text, colon + 1);
}

function scalarEnd(text: string, at: number): number {
  if (text[at] === '"') return stringEnd(text, at);
  WORD.lastIndex = at;
  if (!WORD.test(text)) throw new Unexpected(at, at >= text.length ? 'the text ends too early' : 'expected a value');
  return WORD.lastIndex;
}

// By hand: an expression for a string of a megabyte would fill the stack of its engine.
function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code < 0x20) throw new Unexpected(at, 'a control character must be escaped');
    if (code === BACKSLASH) {
      ESCAPE.lastIndex = at;
      if (!ESCAPE.test(text)) throw new Unexpected(at, 'no escape begins like this');
      at = ESCAPE.lastIndex - 1;
    }
  }
  throw new Unexpected(text.length, 'the string has no end');
}
