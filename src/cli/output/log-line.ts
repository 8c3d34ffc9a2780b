/**
 * A record of the log as one line of JSON: no value can end the line or move a cursor. Every request makes a line, so a text
 * that needs neither escaping nor redaction costs one look at its characters.
 */
import type { LogFields } from '../../core/log.js';
import { isSecretField, REMOVED, redactText, redactValue } from './redact.js';

// What is written between quotation marks as it is: printable ASCII without `"` and `\`. Not `=` either, which secret
// parameters contain. Almost every value of a request is such a text.
const PLAIN = /^[ !#-<>-[\]-~]*$/;
const MAX_PLAIN_CHARS = 1_024;

// JSON escapes C0 only; C1, line separators, bidirectional marks and invisible characters would be written as they are.
const UNSAFE = /[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

// Below it all tenths are exact integers.
const MAX_TENTHS = 1e9;

// The names of fields are in our source, so there are few.
const MAX_NAMES = 500;

// A value that the next line may well have again is short.
const MAX_KEPT_CHARS = 128;

interface Name {
  readonly name: string;
  /** `,"name":` */
  readonly text: string;
  readonly mayBeSecret: boolean;
  /** Of the last line that had it, with what was written for it: host, method, status and often the address are the same again. */
  value: unknown;
  written: string;
}

const names = new Map<string, Name>();

/** The line, with its end, of fields that are redacted. `head` is the JSON of what precedes them, from the opening brace on. */
export function logLine(head: string, fields: LogFields, message: string): string {
  return head + jsonOfFields(fields) + endOf(message);
}

/** The fields as JSON, redacted, with a comma before each. */
export function jsonOfFields(fields: LogFields): string {
  let json = '';
  for (const name in fields) {
    const value = fields[name];
    if (value === undefined) continue;
    const known = names.get(name) ?? learn(name);
    json += value === known.value ? known.written : write(known, value);
  }
  return json;
}

/** What follows the fields: the message, and the end of the line. */
export function endOf(message: string): string {
  return `,"msg":${jsonOfText(message)}}\n`;
}

/** Whether JSON has the text as it is, between quotation marks, and nothing of it could be a secret parameter. */
export function isPlain(text: string): boolean {
  return text.length <= MAX_PLAIN_CHARS && PLAIN.test(text);
}

/** Of tenths, which durations are, V8 takes six times as long to find the shortest text. */
export function jsonOfNumber(value: number): string {
  const tenths = Math.round(value * 10);
  if (tenths / 10 === value && tenths >= 0 && tenths <= MAX_TENTHS) {
    const whole = Math.trunc(tenths / 10);
    return tenths === 10 * whole ? `${whole}` : `${whole}.${tenths - 10 * whole}`;
  }
  return Number.isFinite(value) ? String(value) : 'null';
}

/** The field as JSON, with its comma; nothing for what JSON does not have. */
function write(known: Name, value: unknown): string {
  const { name, text, mayBeSecret } = known;
  const json = mayBeSecret && isSecretField(name, value) ? `"${REMOVED}"` : jsonOf(value);
  const written = json === undefined ? '' : text + json;
  // Not an object, which may have changed when it comes again.
  if (written.length <= MAX_KEPT_CHARS && (typeof value === 'string' || typeof value === 'number')) {
    known.value = value;
    known.written = written;
  }
  return written;
}

/** The JSON of a value, redacted; undefined for what JSON does not have. */
function jsonOf(value: unknown): string | undefined {
  if (typeof value === 'string') return jsonOfText(value);
  if (typeof value === 'number') return jsonOfNumber(value);
  return escaped(JSON.stringify(redactValue(value)));
}

function jsonOfText(text: string): string {
  if (isPlain(text)) return `"${text}"`;
  return escaped(JSON.stringify(redactText(text))) as string;
}

function escaped(json: string | undefined): string | undefined {
  return json?.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function learn(name: string): Name {
  const text = `,${escaped(JSON.stringify(name))}:`;
  const learned = { name, text, mayBeSecret: isSecretField(name, ''), value: undefined, written: '' };
  if (names.size < MAX_NAMES) names.set(name, learned);
  return learned;
}
