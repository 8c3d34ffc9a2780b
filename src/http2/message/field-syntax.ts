/**
 * The syntax of a field by itself: its name and value (RFC 9113 section 8.2.1), and the grammar of each pseudo-field's value
 * (section 8.3, RFC 8441 section 4). Each code unit holds one octet.
 */

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const PATH = /^(?:\/[\x21-\x7e\x80-\xff]*|\*)$/;
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*$/;
const AUTHORITY = /^[\x21-\x3f\x41-\x7e]+$/; // no userinfo (section 8.3.1)
const STATUS = /^[1-5]\d\d$/;
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/; // RFC 9110 section 5.6.2, lower case (section 8.2.1)
// No controls, nothing past 0xFF: an encoder that keeps only the low byte would turn U+0161 into "a".
const VALUE = /^(?![\t ])[\t\x20-\x7e\x80-\xff]*(?<![\t ])$/;

const PSEUDO_VALUES: ReadonlyMap<string, RegExp> = new Map([
  [':method', TOKEN],
  [':scheme', SCHEME],
  [':authority', AUTHORITY],
  [':path', PATH],
  [':protocol', TOKEN],
  [':status', STATUS],
]);

/** Whether a name is a pseudo-field's, known or not. */
export function isPseudo(name: string): boolean {
  return name.charCodeAt(0) === 0x3a;
}

/** Whether a name is valid. */
export function isName(name: string): boolean {
  return isPseudo(name) ? PSEUDO_VALUES.has(name) : NAME.test(name);
}

/** Whether a value is valid for the field of a valid name. */
export function isValue(name: string, value: string): boolean {
  return ((isPseudo(name) ? PSEUDO_VALUES.get(name) : undefined) ?? VALUE).test(value);
}
