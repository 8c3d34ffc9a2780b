import assert from 'node:assert/strict';
import { afterEach, describe, it, mock } from 'node:test';
import type { Session } from '../../../../src/auth/session/session.js';
import type { Admitted } from '../../../../src/edge/gate/gate.js';
import type { LongLivedRequest } from '../../../../src/edge/gate/revalidation.js';
import { HERE_FOR_MS, MAX_LISTED, Presence } from '../../../../src/edge/people/presence.js';
import { requestOf } from '../visits.js';

const START_MS = 1_790_000_000_000;

function setUp() {
  mock.timers.enable({ apis: ['setInterval', 'Date'], now: START_MS });
  const open: LongLivedRequest[] = [];
  const changes: string[] = [];
  const presence = new Presence({ open: () => open, changed: (tunnel) => changes.push(tunnel) });
  const tunnel = { name: 'demo' };
  const sessionOf = (name: string) =>
    ({ identity: { issuer: 'https://provider.test', subject: name, email: `${name}@acme.com` } }) as unknown as Session;
  const verdictFor = (session: Session | undefined, rule = '@acme.com') =>
    ({ kind: 'forward', tunnel, rule, session, judgedAtMs: Date.now() }) as unknown as Admitted;
  /** A connection, whose requests bring one session after another. */
  const connection = () => {
    const visit = requestOf();
    return (session: Session | undefined, rule?: string) =>
      presence.on({ kind: 'decided', visit, verdict: verdictFor(session, rule) });
  };
  const opened = (session: Session) => {
    open.push({ admitted: verdictFor(session) } as unknown as LongLivedRequest);
    return () => open.splice(0);
  };
  const emails = () =>
    presence
      .listedAt('demo')
      .map(([, person]) => person)
      .map(({ email }) => email);
  return { presence, changes, sessionOf, connection, opened, emails };
}

describe('who is here', () => {
  afterEach(() => mock.timers.reset());

  it('is who was let in, once for all connections, in the order in which they came', () => {
    const { presence, changes, sessionOf, connection } = setUp();
    const ana = sessionOf('ana');
    const [one, two] = [connection(), connection()];
    one(ana);
    mock.timers.tick(1_000);
    two(sessionOf('bob'));
    two(ana, 'group:eng');
    one(undefined); // without a session, to a public tunnel
    assert.deepEqual(changes, ['demo', 'demo']);
    const common = { open: 0, lastSeenMs: START_MS + 1_000 };
    assert.deepEqual(
      presence.listedAt('demo').map(([, person]) => person),
      [
        { ...common, email: 'ana@acme.com', rule: 'group:eng', sinceMs: START_MS, arrival: 1 },
        { ...common, email: 'bob@acme.com', rule: '@acme.com', sinceMs: START_MS + 1_000, arrival: 2 },
      ],
    );
    assert.deepEqual(
      presence.listedAt('other').map(([, person]) => person),
      [],
    );
  });

  it('is here for a minute, or for as long as something is open', () => {
    const { presence, changes, sessionOf, connection, opened, emails } = setUp();
    const [ana, bob] = [sessionOf('ana'), sessionOf('bob')];
    connection()(ana);
    connection()(bob);
    const close = opened(bob);
    mock.timers.tick(HERE_FOR_MS - 1);
    presence.sweep();
    assert.deepEqual(emails(), ['ana@acme.com', 'bob@acme.com']);
    mock.timers.tick(5_001);
    assert.deepEqual(emails(), ['bob@acme.com']);
    assert.equal(presence.listedAt('demo').map(([, person]) => person)[0]?.open, 1);
    close();
    presence.sweep();
    assert.deepEqual([emails(), changes.length], [[], 4]);
  });

  it('comes back on the same connection', () => {
    const { presence, sessionOf, connection, emails } = setUp();
    const send = connection();
    const ana = sessionOf('ana');
    send(ana);
    mock.timers.tick(HERE_FOR_MS + 5_000);
    assert.deepEqual(emails(), []);
    send(ana);
    assert.deepEqual(emails(), ['ana@acme.com']);
    presence.remove('demo', new Set(['ana@acme.com']));
    assert.deepEqual(emails(), []);
  });

  it('is a bounded list', () => {
    const { sessionOf, connection, emails } = setUp();
    const send = connection();
    for (let at = 0; at <= MAX_LISTED; at++) send(sessionOf(`p${at}`));
    assert.equal(emails().length, MAX_LISTED);
  });
});
