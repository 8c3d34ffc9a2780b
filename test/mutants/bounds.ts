/** Faults of what is bounded for those who make it, and of who may use up whose attempts. */
import type { Mutant } from './mutant.js';

export const BOUNDS: readonly Mutant[] = [
  {
    file: 'src/edge/people/room.ts',
    fault: 'of what owners make at once there is no bound',
    before: 'return this.#pending.during(parties, write);',
    after: 'return write();',
    tests: ['unit/edge/people/invites.test.ts'],
  },
  {
    file: 'src/edge/people/grants.ts',
    fault: 'grants take the room of denials',
    before: "{ keepsReserve: effect === 'allow' }",
    after: '{ keepsReserve: false }',
    tests: ['unit/edge/people/grants.test.ts'],
  },
  {
    file: 'src/edge/people/grants.ts',
    fault: 'grants of all owners take the room of denials in the store',
    before: "const keepsReserve = effect === 'allow';",
    after: 'const keepsReserve = false;',
    tests: ['unit/edge/people/grants.test.ts'],
  },
  {
    file: 'src/edge/people/knocks.ts',
    fault: 'of those who ask at once any number waits',
    before: 'isPending ? [name] : []',
    after: '[]',
    tests: ['unit/edge/people/knocks.test.ts'],
  },
  {
    file: 'src/store/table.ts',
    fault: 'writes of one flush each see the room of all',
    before: '    kind.evaluated += 1;\n',
    after: '',
    tests: ['unit/store/folder.test.ts'],
  },
  {
    file: 'src/edge/oauth/agent-sign-ins.ts',
    fault: 'agents are signed in until none can be signed out',
    before: "if (this.#options.revoked.isScarce) throw new OAuthError('temporarily_unavailable', TOO_MANY_ENDED, 503);",
    after: '',
    tests: ['unit/edge/oauth/agent-sign-ins.test.ts'],
  },
  {
    file: 'src/edge/agents/admission.ts',
    fault: 'links that open at once are not bounded',
    before: '      this.#checkRoom(request, valid); //',
    after: '      //',
    tests: ['unit/edge/agents/admission.test.ts'],
  },
  {
    file: 'src/edge/gate/revalidation.ts',
    fault: 'each change of a burst has all that is open judged',
    before: 'this.#next ??= endOfTurn()',
    after: 'this.#next = endOfTurn()',
    tests: ['unit/edge/gate/revalidation.test.ts'],
  },
  {
    file: 'src/edge/gate/revalidation.ts',
    fault: 'what changes while it judges is not looked at',
    before: '      this.#next = undefined; //',
    after: '      //',
    tests: ['unit/edge/gate/revalidation.test.ts'],
  },
  {
    file: 'src/edge/routes/visit-limit.ts',
    fault: 'pages of other sites use up the attempts of a visitor',
    before: 'return isCrossOrigin(request) ? this.#crossOrigin : this.#own;',
    after: 'return this.#own;',
    tests: ['e2e/access/invites.test.ts'],
  },
  {
    file: 'src/edge/routes/csrf.ts',
    fault: 'a tab that another page opens takes a place of those who wait',
    before: "  if (isCrossOrigin(request)) throw new PosternError('ERR_CROSS_SITE');\n",
    after: '',
    tests: ['e2e/access/api.test.ts'],
  },
];
