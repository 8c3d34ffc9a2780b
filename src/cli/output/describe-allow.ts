/** The rules of a tunnel in words, for a person. */

/** Who may open a tunnel, in words. */
export function describeAllow(allow: readonly string[]): string {
  if (allow.includes('public')) return 'everyone, without signing in (where the edge permits it)';
  if (allow.length === 0) return "only the token's owner (--allow lets others in)";
  const others = allow.map((rule) => (rule === '*' ? 'anyone who signs in' : rule));
  return `the token's owner, ${others.join(', ')}`;
}
