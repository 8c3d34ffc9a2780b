/** Faults of the sign-in of agents, `src/edge/oauth` and the command that uses it. */
import type { Mutant } from './mutant.js';

const CODES = ['unit/edge/oauth/codes.test.ts'];
const SIGN_INS = ['unit/edge/oauth/agent-sign-ins.test.ts'];
const THREATS = ['e2e/agent-sign-in/threats.test.ts'];

export const OAUTH: readonly Mutant[] = [
  {
    file: 'src/edge/oauth/client.ts',
    fault: 'a redirect URI may go on behind its port',
    before: '(?:\\/[\\w.~/-]{0,200})?$/;',
    after: '/;',
    tests: CODES,
  },
  {
    file: 'src/edge/oauth/authorization-codes.ts',
    fault: 'a code is not bound to its redirect URI',
    before: 'grant.redirectUri === redirectUri && ',
    after: '',
    tests: CODES,
  },
  {
    file: 'src/edge/oauth/authorization-codes.ts',
    fault: 'a code may be tried with one verifier after another',
    before: 'await store.delete(key, entry.version);',
    after: '',
    tests: CODES,
  },
  {
    file: 'src/edge/oauth/token-endpoint.ts',
    fault: 'a code that is used twice ends nothing',
    before: 'await signIns.end(redeemed);',
    after: '',
    tests: THREATS,
  },
  {
    file: 'src/edge/oauth/agent-sign-ins.ts',
    fault: 'a refresh token that was used before is only refused',
    before: "if (claims.generation !== stored.generation) return this.#ended(stored, 'reused');",
    after: "if (claims.generation !== stored.generation) return { kind: 'refused' };",
    tests: SIGN_INS,
  },
  {
    file: 'src/edge/oauth/agent-sign-ins.ts',
    fault: 'two requests exchange one refresh token',
    before: 'const options = { ifVersion: entry.version, expiresAtMs };',
    after: 'const options = { expiresAtMs };',
    tests: SIGN_INS,
  },
  {
    file: 'src/edge/oauth/agent-sign-ins.ts',
    fault: 'an account that has left POSTERN_AGENTS renews its token',
    before: "if (!this.#options.admits(stored.identity)) return this.#ended(stored, 'not-admitted');",
    after: '',
    tests: SIGN_INS,
  },
  {
    file: 'src/edge/oauth/device.ts',
    fault: 'the right user code counts after too many wrong ones',
    before: 'await wrongCodes.count(accountKey(identity));',
    after: '',
    tests: THREATS,
  },
  {
    file: 'src/edge/oauth/approver.ts',
    fault: 'a form of another site allows an agent',
    before: 'if (!isFromOrigin(visit, this.#options.base.origin))',
    after: "if (visit.method === 'PUT' && !isFromOrigin(visit, this.#options.base.origin))",
    tests: THREATS,
  },
  {
    file: 'src/edge/oauth/authorization-request.ts',
    fault: 'PKCE may be plain',
    before: "parameters.get('code_challenge_method') !== 'S256' || ",
    after: '',
    tests: THREATS,
  },
  {
    file: 'src/cli/process/credentials.ts',
    fault: 'a file of credentials that others read is used',
    before: 'if (fault !== undefined) throw new ConfigError(',
    after: "if (fault?.kind === 'warn') throw new ConfigError(",
    tests: ['unit/cli/process/credentials.test.ts'],
  },
  {
    file: 'src/cli/process/signed-in-token.ts',
    fault: 'agents that renew at once each present the refresh token',
    before: 'this.#adopt(this.#read()); // another process may have renewed it, or the person signed in again',
    after: '',
    tests: ['e2e/agent-sign-in/signed-in.test.ts'],
  },
];
