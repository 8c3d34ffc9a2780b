/** Text of other parties that can be displayed, logged and encoded as it is. */

const PLAIN_TEXT = /^(?![\p{Z}\ufeff])[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]+(?<![\p{Z}\ufeff])$/u;

/**
 * Whether a value is such a text of at most `maxChars` UTF-16 code units: no controls, line separators, bidi overrides or
 * lone surrogates, and no spaces at its ends.
 */
export function isPlainText(value: unknown, maxChars: number): value is string {
  return typeof value === 'string' && value.length <= maxChars && PLAIN_TEXT.test(value);
}

/** A text of another party on one line of a log or a terminal: its controls and separators are spaces, and the rest is cut. */
export function onOneLine(text: string, maxChars: number): string {
  return text
    .replaceAll(/[\p{C}\p{Z}]+/gu, ' ')
    .replace(/^ | $/g, '')
    .slice(0, maxChars);
}
