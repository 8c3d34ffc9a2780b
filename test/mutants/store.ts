/** Faults of the state folder, and of what is built on the store, `src/store` and `src/edge/agents/names.ts`. */
import type { Mutant } from './mutant.js';

export const STORE: readonly Mutant[] = [
  {
    file: 'src/store/journal-file.ts',
    fault: 'a write counts before the disk has confirmed it',
    before: '      await this.#file.datasync();\n',
    after: '',
    tests: ['unit/store/folder-crash.test.ts'],
  },
  {
    file: 'src/store/journal-file.ts',
    fault: 'a snapshot gets its name before the disk has it',
    before: '    await file.sync();\n    await files.rename',
    after: '    await files.rename',
    tests: ['unit/store/folder-crash.test.ts'],
  },
  {
    file: 'src/store/journal.ts',
    fault: 'any damage of the last line is taken for a crash',
    before: 'return !isWhole || bytes.includes(0);',
    after: 'return !isWhole || bytes.length >= 0;',
    tests: ['unit/store/folder-opening.test.ts'],
  },
  {
    file: 'src/store/folder-lock.ts',
    fault: 'a folder that is in use is opened',
    before: 'if (!(await lock.#isContested()) && ',
    after: 'if (',
    tests: ['unit/store/folder-opening.test.ts'],
  },
  {
    file: 'src/store/folder.ts',
    fault: 'a write is visible before it is durable',
    before: 'if (await this.#persist(batch)) this.#publish(batch);',
    after: 'this.#publish(batch);\n      await this.#persist(batch);',
    tests: ['unit/store/folder.test.ts'],
  },
  {
    file: 'src/store/redemptions.ts',
    fault: 'what was redeemed is in the store in clear text',
    before: "createHash('sha256').update(id).digest('base64url')",
    after: "(createHash('sha256') && id)",
    tests: ['unit/store/redemptions.test.ts'],
  },
  {
    file: 'src/edge/agents/names.ts',
    fault: 'of two owners who claim a name at once both get it',
    before: 'ifVersion: current?.version ?? 0, ',
    after: '',
    tests: ['unit/edge/agents/names.test.ts'],
  },
  {
    file: 'src/edge/agents/admission.ts',
    fault: 'a name has no owner',
    before: '    else await this.#options.names.claim(owned);\n',
    after: '',
    tests: ['unit/edge/agents/admission.test.ts'],
  },
];
