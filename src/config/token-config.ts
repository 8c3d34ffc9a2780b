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

/** The rows of `postern token revoke`, besides those of the edge's API. */
export const REVOCATION_OPTIONS = {
  revoked_tokens: EDGE_OPTIONS.revoked_tokens,
  secret: EDGE_OPTIONS.secret,
} as const satisfies OptionTable;

/** Where revoked tokens are written, and the edge's secrets. */
export interface RevocationConfig {
  readonly path: string;
  readonly secrets: readonly string[];
}

/** Reads it from an edge's sources; undefined where they name no file of revoked tokens. Throws `ConfigError`. */
export function loadRevocationConfig(sources: Sources): RevocationConfig | undefined {
  const problems: string[] = [];
  const layers = edgeLayers(sources, problems);
  const { revoked_tokens: file } = readOptions({ revoked_tokens: EDGE_OPTIONS.revoked_tokens }, layers, problems);
  if (file === undefined && problems.length === 0) return undefined;
  const values = readOptions({ secret: EDGE_OPTIONS.secret }, layers, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  const { secret } = values as ValuesOf<Pick<typeof REVOCATION_OPTIONS, 'secret'>>; // without problems none is missing
  return { path: file as string, secrets: secret };
}
