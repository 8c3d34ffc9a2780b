/** Faults of what is asked of the identity provider and taken from it, `src/auth`. */
import type { Mutant } from './mutant.js';

export const PROVIDER: readonly Mutant[] = [
  {
    file: 'src/auth/identity/identity.ts',
    fault: 'an email without a word on its verification is verified',
    before: "value === true || (value === undefined && policy === 'accept-missing')",
    after: 'value === true || (value === undefined && policy !== undefined)',
    tests: ['unit/auth/identity/identity.test.ts'],
  },
  {
    file: 'src/auth/providers/claims.ts',
    fault: 'an ID token of another party is taken',
    before: 'if (azp !== undefined && azp !== clientId)',
    after: 'if (azp !== undefined && azp === undefined)',
    tests: ['unit/auth/providers/claims.test.ts', 'unit/auth/providers/oidc.test.ts'],
  },
  {
    file: 'src/auth/providers/claims.ts',
    fault: 'an ID token of long ago is taken',
    before: 'ageSeconds <= MAX_AGE_SECONDS && ',
    after: '',
    tests: ['unit/auth/providers/claims.test.ts', 'unit/auth/providers/oidc.test.ts'],
  },
  {
    file: 'src/auth/providers/client-authentication.ts',
    fault: 'the client secret is sent the other way after any error',
    before: 'if (second === undefined || !isClientRefused(error)) throw error;',
    after: 'if (second === undefined) throw error;',
    tests: ['unit/auth/providers/client-authentication.test.ts'],
  },
  {
    file: 'src/auth/providers/client-authentication.ts',
    fault: 'the way that the provider takes is forgotten after it was learned',
    before: 'return await this.#orRevertTo(ways, request);',
    after: 'return await this.#orRevertTo(ways, request).finally(() => (this.#ways = ways));',
    tests: ['unit/auth/providers/client-authentication.test.ts'],
  },
  {
    file: 'src/auth/providers/client-authentication.ts',
    fault: 'a wrong secret leaves the way changed',
    before: 'if (isClientRefused(error)) this.#ways = ways;',
    after: '',
    tests: ['unit/auth/providers/client-authentication.test.ts'],
  },
  {
    file: 'src/auth/providers/vouching.ts',
    fault: 'an address counts from a provider that does not vouch for its domain',
    before: 'if (!vouchers.includes(provider)) throw',
    after: 'if (vouchers.length === 0) throw',
    tests: ['unit/auth/providers/providers.test.ts'],
  },
  {
    file: 'src/auth/providers/vouching.ts',
    fault: 'a group counts from any provider that has none of its own named',
    before: 'return general === provider && others.length === 0;',
    after: 'return general !== undefined && others.length >= 0;',
    tests: ['unit/auth/providers/providers.test.ts'],
  },
  {
    file: 'src/auth/providers/private-key-jwt.ts',
    fault: 'a JWT of client authentication is for the token endpoint wherever it is sent',
    before: "return body.has('grant_type') ? server.token_endpoint : server.pushed_authorization_request_endpoint;",
    after: "return body.has('') ? undefined : server.token_endpoint;",
    tests: ['unit/auth/providers/private-key-jwt.test.ts'],
  },
];
