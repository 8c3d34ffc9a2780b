/** Faults of the agent, `src/agent`. */
import type { Mutant } from './mutant.js';

export const AGENT: readonly Mutant[] = [
  {
    file: 'src/agent/target/dialer.ts',
    fault: 'certificates of targets off loopback are not checked',
    before: 'rejectUnauthorized: isVerified',
    after: 'rejectUnauthorized: false',
    tests: ['unit/agent/target/dialer.test.ts'],
  },
  {
    file: 'src/agent/target/dialer.ts',
    fault: 'certificates of targets on loopback are checked',
    before: 'rejectUnauthorized: isVerified',
    after: 'rejectUnauthorized: true',
    tests: ['unit/agent/target/dialer.test.ts', 'unit/agent/target/target.test.ts'],
  },
  {
    file: 'src/agent/target/pool.ts',
    fault: 'idle connections are kept without a bound',
    before: 'if (this.#idle.length >= MAX_IDLE) {',
    after: 'if (this.#idle.length < 0) {',
    tests: ['unit/agent/target/pool.test.ts'],
  },
  {
    file: 'src/agent/target/pool.ts',
    fault: 'a connection that the target is about to close is used again',
    before: 'performance.now() - kept.sinceMs < IDLE_MS',
    after: 'performance.now() - kept.sinceMs < 3_600_000',
    tests: ['unit/agent/target/pool.test.ts'],
  },
  {
    file: 'src/agent/target/response-headers.ts',
    fault: 'a transfer coding that is not undone goes on',
    before: '  rejectTransferCodings(raw);\n',
    after: '',
    tests: ['unit/agent/target/response-headers.test.ts'],
  },
  {
    file: 'src/agent/target/header-names.ts',
    fault: 'a target speaks for the agent',
    before: "normalizedName(lower) === 'postern-error'",
    after: "lower === 'postern-error!'",
    tests: ['unit/agent/target/response-headers.test.ts'],
  },
  {
    file: 'src/cli/completion/bash.ts',
    fault: 'a name from outside is code to the shell that completes it',
    before: 'printf -v quoted %q "$word"',
    after: 'quoted=$word',
    tests: ['unit/cli/completion/scripts.test.ts'],
  },
  {
    file: 'src/cli/service/unit.ts',
    fault: 'a word of a service is expanded by systemd',
    before: "replaceAll('$', '$$$$')",
    after: "replaceAll('$', '$')",
    tests: ['unit/cli/service/unit.test.ts'],
  },
  {
    file: 'src/agent/target/address.ts',
    fault: 'a name of the target with the public port leads to the visitor’s own machine',
    before: 'if (portOf(url) === portOf(publicUrl)) return true;',
    after: '',
    tests: ['unit/agent/target/address.test.ts', 'e2e/headers/url-fields.test.ts'],
  },
  {
    file: 'src/agent/target/url-text.ts',
    fault: 'what stands in quotes or parentheses is taken for a reference',
    before: "  ['\"', '\"'],\n  ['(', ')'],\n",
    after: '',
    tests: ['unit/agent/target/url-text.test.ts', 'e2e/headers/url-fields.test.ts'],
  },
];
