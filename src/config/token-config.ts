/** What `postern token create` asks for: the owner, the names and the lifetime of a token, and the edge's secret. */
import { ConfigError } from './config-error.js';
import { edgeLayers } from './edge-config.js';
import { EDGE_OPTIONS } from './edge-options.js';
import type { OptionTable, ValuesOf } from './options.js';
import { readOptions } from './resolve.js';
import type { Sources } from './sources.js';
import { duration, email, tunnelPatterns } from './values.js';

/** The options of a token, by the key of their flag, and the secret that it is made with. */
export const TOKEN_OPTIONS = {
  owner: {
    placeholder: '<email>',
    required: 'expected the email address of the person who answers for the tunnels',
    description: 'Who answers for the tunnels and may always open them.',
    schema: email,
  },
  tunnels: {
    placeholder: '<names>',
    list: true,
    required: 'expected the names that the token permits, such as demo,dev-*',
    description: 'The names that the token permits, separated by commas; * stands for any characters.',
    schema: tunnelPatterns,
  },
  ttl: {
    placeholder: '<duration>',
    default: '30d',
    description: 'How long the token is valid.',
    schema: duration,
  },
  secret: EDGE_OPTIONS.secret,
} as const satisfies OptionTable;

export interface TokenConfig {
  /** Newest first; at least one. */
  readonly secrets: readonly string[];
  /** Canonical email address. */
  readonly owner: string;
  /** Names, or patterns with `*`. */
  readonly tunnels: readonly string[];
  readonly ttlMs: number;
}

/** Reads a request for a token from flags, and the secret from an edge's sources; throws `ConfigError`. */
export function loadTokenConfig(sources: Sources): TokenConfig {
  const problems: string[] = [];
  const values = readOptions(TOKEN_OPTIONS, edgeLayers(sources, problems), problems);
  if (problems.length > 0) throw new ConfigError(problems);
  const { secret, owner, tunnels, ttl } = values as ValuesOf<typeof TOKEN_OPTIONS>; // without problems nothing is missing
  return { secrets: secret, owner, tunnels, ttlMs: ttl };
}

/** The rows of `postern token revoke`. */
export const REVOCATION_OPTIONS = {
  revoked_tokens: {
    ...EDGE_OPTIONS.revoked_tokens,
    required: 'expected the file of revoked tokens that the edge looks at',
  },
  secret: EDGE_OPTIONS.secret,
} as const satisfies OptionTable;

/** Reads where revoked tokens are written, from an edge's sources; throws `ConfigError`. */
export function loadRevocationConfig(sources: Sources): { readonly path: string; readonly secrets: readonly string[] } {
  const problems: string[] = [];
  const values = readOptions(REVOCATION_OPTIONS, edgeLayers(sources, problems), problems);
  if (problems.length > 0) throw new ConfigError(problems);
  const { revoked_tokens: path, secret } = values as ValuesOf<typeof REVOCATION_OPTIONS>; // without problems none is missing
  return { path, secrets: secret };
}
