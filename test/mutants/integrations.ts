/** Faults of what runs inside other programs, `src/integrations`, and of a server of the program as the target. */
import type { Mutant } from './mutant.js';

export const INTEGRATIONS: readonly Mutant[] = [
  {
    file: 'src/integrations/verify.ts',
    fault: 'an assertion for any tunnel of the edge counts',
    before: '    audience: tunnels,\n',
    after: '',
    tests: ['unit/integrations/verify.test.ts'],
  },
  {
    file: 'src/integrations/verify.ts',
    fault: 'an assertion of any edge with the same key counts',
    before: '    issuer: edge,\n',
    after: '',
    tests: ['unit/integrations/verify.test.ts'],
  },
  {
    file: 'src/integrations/verify.ts',
    fault: 'keys that were withdrawn count for ever',
    before: 'cacheMaxAge: KEYS_MAX_AGE_MS',
    after: 'cacheMaxAge: Infinity',
    tests: ['unit/integrations/verify.test.ts'],
  },
  {
    file: 'src/integrations/verify.ts',
    fault: 'an unknown key is looked for at each request',
    before: 'cooldownDuration: COOLDOWN_MS',
    after: 'cooldownDuration: 0',
    tests: ['unit/integrations/verify.test.ts'],
  },
  {
    file: 'src/integrations/express.ts',
    fault: 'an identity that something else has set stays',
    before: 'delete request.identity;',
    after: '',
    tests: ['unit/integrations/express.test.ts'],
  },
  {
    file: 'src/integrations/express.ts',
    fault: 'a request without an assertion always passes',
    before: 'optional ? verifier.verifyIfPresent : verifier.verify',
    after: 'verifier.verifyIfPresent',
    tests: ['unit/integrations/express.test.ts'],
  },
  {
    file: 'src/integrations/shared-app.ts',
    fault: 'the same cause is told again and again',
    before: 'if (text === this.#warned) return;',
    after: '',
    tests: ['unit/integrations/shared-app.test.ts'],
  },
  {
    file: 'src/agent/target/stream-pair.ts',
    fault: 'a server of the program writes without regard to its reader',
    before: 'else if (other.push(bytes)) done();',
    after: 'else if (other.push(bytes) || true) done();',
    tests: ['unit/agent/target/process-server.test.ts'],
  },
  {
    file: 'src/agent/target/process-server.ts',
    fault: 'a server that was closed is asked on',
    before: 'if (this.#isClosed) throw',
    after: 'if (this.#isClosed && false) throw',
    tests: ['unit/agent/target/process-server.test.ts'],
  },
];
