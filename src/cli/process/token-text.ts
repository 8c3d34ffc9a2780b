/** What a token says of itself. Only the edge verifies it: a forged one is refused there. */

export interface TokenText {
  readonly owner: string;
  readonly tunnels: readonly string[];
  readonly expiresAtMs: number;
}

// The largest time of a `Date`.
const MAX_MS = 8.64e15;

/** Undefined for another text. */
export function readTokenText(token: string): TokenText | undefined {
  try {
    const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const { sub: owner, tunnels, exp } = payload as { sub?: unknown; tunnels?: unknown; exp?: unknown };
    if (typeof owner !== 'string' || !Array.isArray(tunnels) || typeof exp !== 'number') return undefined;
    if (!tunnels.every((name) => typeof name === 'string') || !(Math.abs(exp * 1_000) <= MAX_MS)) return undefined;
    return { owner, tunnels, expiresAtMs: exp * 1_000 };
  } catch {
    return undefined; // not a token
  }
}
