/**
 * Makes agent tokens as `postern token create` does, without a process for each. World.ts loads it as bundled
 * (test/bundle.mjs): of the modules that a test process loads for a world these would be more than half.
 */
import { loadTokenConfig } from '../../src/config/token-config.js';
import { createToken } from '../../src/link/token.js';

/** A token under the secret of an edge; `flags` are those of the command. */
export function makeToken(secret: string, flags: Readonly<Record<string, string>>): Promise<string> {
  const { secrets, ...request } = loadTokenConfig({ env: { POSTERN_SECRET: secret }, flags });
  return createToken(secrets, request);
}
