/** Valid JSON with one member or element a line, for comparing and copying. Its scalars stay as they were written. */
import { jsonValueEnd, skipSpace } from './json-scan.js';

// Deeper than that the indent itself would be most of the text.
const MAX_INDENT = 40;

export function indentJson(text: string): string {
  const pieces: string[] = [];
  let depth = 0;
  for (let at = skipSpace(text, 0); at < text.length; at = skipSpace(text, at)) {
    const char = text[at] as string;
    if (char === '{' || char === '[') {
      const inside = skipSpace(text, at + 1);
      const isEmpty = text[inside] === '}' || text[inside] === ']';
      if (!isEmpty) depth += 1;
      pieces.push(char, isEmpty ? (text[inside] as string) : lineBreak(depth));
      at = isEmpty ? inside + 1 : at + 1;
    } else if (char === '}' || char === ']') {
      depth -= 1;
      pieces.push(lineBreak(depth), char);
      at += 1;
    } else if (char === ',' || char === ':') {
      pieces.push(char === ',' ? `,${lineBreak(depth)}` : ': ');
      at += 1;
    } else {
      const end = jsonValueEnd(text, at);
      pieces.push(text.slice(at, end));
      at = end;
    }
  }
  return pieces.join('');
}

function lineBreak(depth: number): string {
  return `\n${'  '.repeat(Math.min(depth, MAX_INDENT))}`;
}
