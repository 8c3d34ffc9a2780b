/** Faults of OAuth clients that act for visitors: whose token counts where, where codes go, what is fetched. */
import type { Mutant } from './mutant.js';

const GATE = ['unit/edge/gate/gate.test.ts'];
const SIGN_INS = ['unit/edge/clients/client-sign-ins.test.ts'];
const THREATS = ['e2e/clients/threats.test.ts'];

export const CLIENTS: readonly Mutant[] = [
  {
    file: 'src/edge/gate/credentials.ts',
    fault: 'a cookie may be beside a token',
    before: "if (!hasCookie && header['postern-access-token'] === undefined) return token;",
    after: 'return token;',
    tests: GATE,
  },
  {
    file: 'src/edge/gate/gate.ts',
    fault: 'a token of a former owner counts',
    before: 'if (session?.owner !== tunnel.ownerTag) return refuseClient(found && CLIENT_TOKEN_ENDED);',
    after: 'if (session === undefined) return refuseClient(found && CLIENT_TOKEN_ENDED);',
    tests: GATE,
  },
  {
    file: 'src/edge/clients/client-sign-ins.ts',
    fault: 'a token counts at every tunnel',
    before: "if (held.tunnel !== tunnel) return 'ended';",
    after: '',
    tests: SIGN_INS,
  },
  {
    file: 'src/edge/clients/client-sign-ins.ts',
    fault: 'a refresh token counts for any client',
    before: 'stored.client.id === clientId && ',
    after: '',
    tests: THREATS,
  },
  {
    file: 'src/auth/session/sessions.ts',
    fault: 'the token of a client becomes a cookie',
    before: 'if (session.client !== undefined) return undefined;',
    after: '',
    tests: THREATS,
  },
  {
    file: 'src/edge/forward/request-headers.ts',
    fault: 'targets see the tokens of clients',
    before: "if (name === 'authorization' && holdsClientToken(value)) continue;",
    after: '',
    tests: THREATS,
  },
  {
    file: 'src/edge/clients/redirect-uris.ts',
    fault: 'a code goes to any address',
    before:
      'return registered.some((uri) => uri === requested || (anyPort !== undefined && withoutPort(uri) === anyPort));',
    after: 'return registered.length > 0;',
    tests: ['unit/edge/clients/redirect-uris.test.ts'],
  },
  {
    file: 'src/edge/clients/document-fetch.ts',
    fault: 'one public address is enough',
    before: '!addresses.every(isPublicIp)',
    after: '!addresses.some(isPublicIp)',
    tests: ['unit/edge/clients/documents.test.ts'],
  },
  {
    file: 'src/edge/clients/document.ts',
    fault: 'a document may name another client',
    before: "if (fields['client_id'] !== clientId) throw unfit('it is of another client_id.');",
    after: '',
    tests: ['unit/edge/clients/documents.test.ts'],
  },
  {
    file: 'src/edge/clients/authorize.ts',
    fault: 'a client acts for people whom the rules do not let in',
    before: "if (!decision.allow || decision.rule === 'public') return this.#refuse(visit, session, tunnel);",
    after: '',
    tests: THREATS,
  },
];
