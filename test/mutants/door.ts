/** Faults of the front door, of the gate and of the routes behind it, `src/edge`. */
import type { Mutant } from './mutant.js';

export const DOOR: readonly Mutant[] = [
  {
    file: 'src/edge/gate.ts',
    fault: 'whatever the decision is, the request goes on',
    before:
      'if (!decision.allow) return refuse(session, decision.reason, cause);\n    return admit(tunnel, session, decision.rule, nowMs);',
    after:
      'if (!decision.allow && session === undefined) return refuse(session, decision.reason, cause);\n    return admit(tunnel, session, "owner", nowMs);',
    tests: ['unit/edge/gate.test.ts'],
  },
  {
    file: 'src/edge/gate.ts',
    fault: 'an anonymous request of a public tunnel carries an identity',
    before: 'session: isNobodys ? undefined : session, judgedAtMs',
    after: 'session, judgedAtMs',
    tests: ['unit/edge/gate.test.ts'],
  },
  {
    file: 'src/edge/gate.ts',
    fault: 'requests go to a link that drains',
    before: 'link === undefined || link.draining.aborted',
    after: 'link === undefined',
    tests: ['e2e/drain.test.ts', 'security/i-link-peer.test.ts'],
  },
  {
    file: 'src/edge/gate.ts',
    fault: 'a stranger hears whether a tunnel exists',
    before: "const code = isInsider ? 'ERR_TUNNEL_OFFLINE' : denialOf(session);",
    after: "const code = 'ERR_TUNNEL_OFFLINE';",
    tests: ['security/l-leaks.test.ts'],
  },
  {
    file: 'src/edge/gate.ts',
    fault: 'who has lost groups that rules name by now is denied',
    before: "sessions.knowsGroups(session) ? 'ERR_ACCESS_DENIED' : 'ERR_LOGIN_REQUIRED'",
    after: "'ERR_ACCESS_DENIED' as never",
    tests: ['unit/edge/gate.test.ts', 'security/w-provider.test.ts'],
  },
  {
    file: 'src/edge/gate.ts',
    fault: 'the session is looked at before the cause',
    before: "if (cause === 'foreign' || cause === 'preflight') return",
    after:
      "sessions.read(request.headers.cookie, host, recall, nowMs);\n    if (cause === 'foreign' || cause === 'preflight') return",
    tests: ['unit/edge/gate.test.ts'],
  },
  {
    file: 'src/edge/gate.ts',
    fault: 'a session of the former owner of a name counts',
    before: ' && session.owner !== tunnel.ownerTag) {',
    after: ' && session.owner === undefined) {',
    tests: ['unit/edge/gate.test.ts'],
  },
  {
    file: 'src/edge/routes-base.ts',
    fault: 'any page ends the sign-in of a visitor',
    before: 'if (!isFromOrigin(request, base.origin)) {',
    after: 'if (isFromOrigin(request, "nobody")) {',
    tests: ['unit/edge/routes-base.test.ts'],
  },
  {
    file: 'src/edge/routes-base.ts',
    fault: 'a background request begins a sign-in',
    before: "    if (!isVisit(request)) throw new PosternError('ERR_LOGIN_REQUIRED');\n    const step =",
    after: '    const step =',
    tests: ['unit/edge/routes-base.test.ts'],
  },
  {
    file: 'src/edge/session-answers.ts',
    fault: 'a foreign page is told who is signed in',
    before: "frameOrigins: [] }) === 'foreign')",
    after: "frameOrigins: [] }) === 'posted')",
    tests: ['unit/edge/session-answers.test.ts', 'unit/edge/routes-base.test.ts', 'unit/edge/routes-tunnel.test.ts'],
  },
  {
    file: 'src/edge/session-answers.ts',
    fault: 'what is fetched ahead begins a sign-in',
    before: "isNavigation(request) && request.headers['sec-purpose'] === undefined",
    after: 'isNavigation(request)',
    tests: ['unit/edge/session-answers.test.ts'],
  },
  {
    file: 'src/edge/routes-tunnel.ts',
    fault: 'any page has a ticket redeemed',
    before: 'const isWelcome = origin === base.origin;',
    after: 'const isWelcome = origin !== undefined;',
    tests: ['unit/edge/routes-tunnel.test.ts'],
  },
  {
    file: 'src/edge/routes-tunnel.ts',
    fault: 'a request without a refusal goes on',
    before: "if (verdict?.kind !== 'refuse') throw",
    after: "if (verdict?.kind === 'forward') return void response.end();\n    if (verdict?.kind !== 'refuse') throw",
    tests: ['unit/edge/routes-tunnel.test.ts'],
  },
  {
    file: 'src/edge/door.ts',
    fault: 'what is none of the verdicts is forwarded',
    before: "    if (verdict.kind !== 'forward') {",
    after: "    if (verdict.kind === 'refuse' || verdict.kind === 'preflight') {",
    tests: ['unit/edge/door.test.ts'],
  },
  {
    file: 'src/edge/door.ts',
    fault: 'a body is asked for before the gate has spoken',
    before: 'letBodyIn: (() => void) | undefined): Soon<void> {\n    const { request, response, context } = visit;\n',
    after:
      'letBodyIn: (() => void) | undefined): Soon<void> {\n    const { request, response, context } = visit;\n    letBodyIn?.();\n',
    tests: ['unit/edge/door.test.ts'],
  },
  {
    file: 'src/edge/door.ts',
    fault: 'an upgrade writes into the response that is under way',
    before:
      "    socket.on('error', destroySocket);\n    if (owesAnswer(socket)) return void socket.destroy();\n    if (context.place",
    after: "    socket.on('error', destroySocket);\n    if (context.place",
    tests: ['unit/edge/door.test.ts'],
  },
  {
    file: 'src/edge/door.ts',
    fault: 'a stranger hears that an upgrade is malformed',
    before: '    const verdict = await judge();\n',
    after: '    checkUpgrade(request);\n    const verdict = await judge();\n',
    tests: ['unit/edge/door.test.ts'],
  },
  {
    file: 'src/edge/door.ts',
    fault: 'people are let in of whom nothing is recorded',
    before: "    if (!this.#options.isRecording()) throw new PosternError('ERR_AUDIT_UNAVAILABLE');\n",
    after: '',
    tests: ['unit/edge/door.test.ts'],
  },
  {
    file: 'src/edge/upgrade.ts',
    fault: 'a visitor who leaves before the app has accepted stays at the target',
    before: "      this.#socket.once('close', () => stream.cancel());\n",
    after: '',
    tests: ['unit/edge/upgrade.test.ts'],
  },
  {
    file: 'src/edge/upgrade.ts',
    fault: 'the visitor’s key reaches the agent',
    before: "if (name !== 'sec-websocket-key') headers.push",
    after: 'headers.push',
    tests: ['unit/edge/upgrade.test.ts'],
  },
  {
    file: 'src/edge/upgrade.ts',
    fault: 'an error of the agent is taken for a WebSocket',
    before: ' && readAgentError(answer) === undefined;',
    after: ';',
    tests: ['unit/edge/upgrade.test.ts'],
  },
];
