/** Paths as the filter compares them: as a person types them, and with patterns. Pure, without anything of Node. */
import type { Exchange } from './wire.js';

/** `/größe` for `/gr%C3%B6%C3%9Fe`: as a person types it. */
export function readablePath({ path }: Pick<Exchange, 'path'>): string {
  return path.includes('%') ? path.replace(/(?:%[0-9a-f]{2})+/gi, decoded) : path;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // not UTF-8
  }
}

/** `*` stands for any text. Each piece is looked for once, behind the one before it: linear, whatever the pattern. */
export function matchesPieces(path: string, pieces: readonly string[]): boolean {
  const text = path.toLowerCase();
  const first = pieces[0] ?? '';
  const last = pieces.at(-1) ?? '';
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
