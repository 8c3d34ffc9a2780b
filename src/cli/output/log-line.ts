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

// The names of fields are in our source, so there are few.
const MAX_NAMES = 500;

interface Name {
  /** `,"name":` */
  readonly text: string;
  readonly mayBeSecret: boolean;
}

const names = new Map<string, Name>();

/** The line, with its end, of fields that are redacted. `head` is the JSON of what precedes them, from the opening brace on. */
export function logLine(head: string, fields: LogFields, message: string): string {
  let line = head;
  for (const name in fields) {
    const value = fields[name];
    if (value === undefined) continue;
    const { text, mayBeSecret } = names.get(name) ?? learn(name);
    const json = mayBeSecret && isSecretField(name, value) ? `"${REMOVED}"` : jsonOf(value);
    if (json !== undefined) line += text + json;
  }
  return `${line},"msg":${jsonOfText(message)}}\n`;
}

/** The JSON of a value, redacted; undefined for what JSON does not have. */
function jsonOf(value: unknown): string | undefined {
  if (typeof value === 'string') return jsonOfText(value);
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'null';
  return escaped(JSON.stringify(redactValue(value)));
}

function jsonOfText(text: string): string {
  if (text.length <= MAX_PLAIN_CHARS && PLAIN.test(text)) return `"${text}"`;
  return escaped(JSON.stringify(redactText(text))) as string;
}

function escaped(json: string | undefined): string | undefined {
  return json?.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function learn(name: string): Name {
  const learned = { text: `,${escaped(JSON.stringify(name))}:`, mayBeSecret: isSecretField(name, '') };
  if (names.size < MAX_NAMES) names.set(name, learned);
  return learned;
}
