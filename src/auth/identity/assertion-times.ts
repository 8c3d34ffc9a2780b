/** What all assertions have in common: the algorithm, and how the times in them are meant. */

export const ALGORITHM = 'ES256';

// Verifiers compare with their own clock, most of them without tolerance. `iat` is back-dated because some verifiers reject
// one in the future (RFC 7519 section 4.1.6 leaves that to them). `nbf` is left out: it would be one more time to compare.
export const BACKDATED_SECONDS = 60;
export const LIFETIME_SECONDS = 120;
