/** Names of tunnels, and patterns of names in which `*` matches any characters, as a token lists them. */

/** Whether a token's list of names and patterns covers a tunnel name. */
export function coversName(tunnels: readonly string[], name: string): boolean {
  return tunnels.some((pattern) => matchesPattern(pattern, name));
}

// Backtracks to the last `*` only, so a hostile pattern costs at most its length times the name's.
function matchesPattern(pattern: string, name: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  let index = 0;
  while (index < name.length) {
    if (pattern[at] === '*') {
      star = at++;
      resume = index;
    } else if (pattern[at] === name[index]) {
      at++;
      index++;
    } else if (star >= 0) {
      at = star + 1;
      index = ++resume;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}
