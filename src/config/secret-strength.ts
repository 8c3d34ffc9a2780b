/**
 * A rough check of secrets that people invent: 32 equal characters are long enough, yet among the first guesses. It rejects
 * what no generator produces, and guarantees nothing about the rest.
 */

// 32 random hexadecimal digits have fewer with a probability of one in thirty million.
const MIN_DISTINCT = 8;
const MIN_PERIOD = 16;

/** Whether a secret has few distinct characters, repeats a short text, or mostly counts: `abcd…`, `0011…`. */
export function isGuessable(secret: string): boolean {
  return new Set(secret).size < MIN_DISTINCT || periodOf(secret) < MIN_PERIOD || isCounting(secret);
}

/** The length of the shortest text whose repetition this is. */
function periodOf(text: string): number {
  let period = 1;
  while (period < MIN_PERIOD && !text.startsWith(text.slice(period))) period += 1;
  return period;
}

function isCounting(text: string): boolean {
  let steps = 0;
  for (let at = 1; at < text.length; at++) {
    if (Math.abs(text.charCodeAt(at) - text.charCodeAt(at - 1)) <= 1) steps += 1;
  }
  return steps > text.length / 2;
}
