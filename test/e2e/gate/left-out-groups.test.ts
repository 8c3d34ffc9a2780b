/** What the identity provider says of an account, and what of it is kept. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { readIdentity } from '../../../src/auth/identity/identity.js';
import { ceilingAllows, decide, type Policy } from '../../../src/auth/identity/policy.js';
import type { Rule } from '../../../src/core/rule.js';
import { ClientFlow } from '../../support/client-flow.js';
import { type HostileWorld, startHostileWorld } from '../../support/hostile-world.js';
import type { VisitorResponse } from '../../support/visitor.js';

const GOOGLE = { groupsClaim: 'groups', issuer: 'https://accounts.google.com', domainProof: 'hosted-domain' } as const;

/** An account of Google's, whose issuer no test can be. */
function google(email: string, hd?: string) {
  return readIdentity({ sub: '1', email, email_verified: true, ...(hd === undefined ? {} : { hd }) }, GOOGLE);
}

// A consumer account that was made on a work address goes on saying `email_verified` after its owner has left.
describe('W1 with Google an address is proven by `hd` or is of gmail.com', () => {
  const EVERY_KIND: readonly (readonly [string, Partial<Policy>])[] = [
    ['a domain', { rules: [{ kind: 'domain', domain: 'acme.com' }] }],
    ['an address', { rules: [{ kind: 'email', email: 'ana@acme.com' }] }],
    ['anyone', { rules: [{ kind: 'anyone' }] }],
    ['the owner', { owner: 'ana@acme.com' }],
    [
      'an address below a ceiling',
      { rules: [{ kind: 'anyone' }], ceiling: [{ kind: 'email', email: 'ana@acme.com' }] },
    ],
  ];
  for (const [kind, part] of EVERY_KIND) {
    test(`W1 for a rule that names ${kind}`, () => {
      const policy: Policy = {
        ceiling: undefined,
        rules: [],
        owner: 'dev@acme.com',
        publicPermitted: false,
        ...part,
      };
      assert.equal(decide(policy, google('ana@acme.com', 'acme.com')).allow, true);
      for (const hd of [undefined, 'elsewhere.test', 'sub.acme.com']) {
        assert.deepEqual(decide(policy, google('ana@acme.com', hd)), { allow: false, reason: 'email-unverified' });
      }
    });
  }

  test('W1 an account without an organisation is of gmail.com or googlemail.com', () => {
    const ceiling: Rule[] = [{ kind: 'anyone' }];
    for (const email of ['ana@gmail.com', 'ana@googlemail.com']) {
      assert.equal(ceilingAllows(ceiling, google(email)), '*');
    }
    for (const email of ['ana@gmail.com.evil.test', 'ana@evil-gmail.com', 'ana@outlook.com']) {
      assert.equal(ceilingAllows(ceiling, google(email)), undefined, email);
    }
  });

  test('W1 elsewhere the provider answers for every address that it says is verified', () => {
    const claims = { sub: '1', email: 'ana@acme.com', email_verified: true };
    assert.equal(
      readIdentity(claims, { ...GOOGLE, issuer: 'https://id.acme.com', domainProof: 'email' }).emailVerified,
      true,
    );
  });
});

describe('a member of an allowed group', () => {
  let hostile: HostileWorld;
  const many = Array.from({ length: 500 }, (_, at) => `group-${at}`);

  before(async () => {
    const edgeEnv = { POSTERN_CLIENT_REGISTRATION: 'true', POSTERN_AGENTS: 'group:operators' };
    hostile = await startHostileWorld({ allow: ['group:admin'], edgeEnv });
  });
  after(() => hostile?.close());

  async function openAs(groups: readonly string[], name = hostile.world.name): Promise<VisitorResponse> {
    const { world, op } = hostile;
    op.misbehaviour = { claims: { sub: 'ana', email: 'ana@elsewhere.test', groups } };
    const visitor = world.visitor();
    return visitor.open(`${world.urlOf(name)}/`).finally(() => visitor.close());
  }

  test('W2 is let in however many other groups the provider names', async () => {
    for (const groups of [['admin'], ['admin', ...many], [...many, 'admin']]) {
      assert.equal((await openAs(groups)).status, 200, `${groups.length} groups`);
    }
    assert.equal((await openAs(many)).status, 403);
  });

  test('W2 is let in by a rule that names the group only after the sign-in had to leave it out', async () => {
    const { world, op } = hostile;
    op.misbehaviour = { claims: { sub: 'ana', email: 'ana@elsewhere.test', groups: ['admin', ...many] } };
    const visitor = world.visitor();
    assert.equal((await visitor.open(`${world.url}/`)).status, 200);
    const asksProvider = ({ trail }: VisitorResponse) => trail.filter((url) => url.startsWith(op.issuer)).length;

    // Another tunnel: the session of the base host is not enough.
    const late = await world.startAgent({ name: 'dev-late', allow: ['group:group-499'] });
    const url = `${world.urlOf('dev-late')}/`;
    const opened = await visitor.open(url);
    assert.deepEqual([opened.status, opened.url, asksProvider(opened)], [200, url, 1]);
    assert.equal(asksProvider(await visitor.open(`${world.url}/`)), 0, 'the first tunnel goes on as it was');

    // The rules of the same tunnel change: its own session is not enough.
    await late.kill();
    await world.startAgent({ name: 'dev-late', allow: ['group:group-498'] });
    const fetched = await visitor.fetch(url);
    assert.deepEqual([fetched.status, fetched.headers['postern-error']], [401, 'ERR_LOGIN_REQUIRED']);
    const again = await visitor.open(url);
    assert.deepEqual([again.status, again.url, asksProvider(again)], [200, url, 1]);
    assert.equal((await visitor.fetch(url)).status, 200);
  });

  test('W2 is a visitor who is in none of them denied after one more sign-in, and hears nothing of what is there', async () => {
    const { world, op } = hostile;
    op.misbehaviour = { claims: { sub: 'ben', email: 'ben@elsewhere.test', groups: ['admin', ...many] } };
    const visitor = world.visitor();
    assert.equal((await visitor.open(`${world.url}/`)).status, 200);
    await world.startAgent({ name: 'dev-closed', allow: ['group:of-others'] });
    const asksProvider = ({ trail }: VisitorResponse) => trail.filter((url) => url.startsWith(op.issuer)).length;
    for (const [name, times] of [
      ['dev-closed', 1],
      ['dev-closed', 0],
      ['dev-nowhere', 0],
    ] as const) {
      const response = await visitor.open(`${world.urlOf(name)}/`);
      assert.deepEqual([response.status, asksProvider(response)], [403, times], name);
    }
    // Rules have changed, and nobody hears whose: where nothing is the visitor is sent round as well.
    await world.startAgent({ name: 'dev-more', allow: ['group:of-more'] });
    const nowhere = await visitor.open(`${world.urlOf('dev-nowhere')}/`);
    assert.deepEqual([nowhere.status, asksProvider(nowhere)], [403, 1]);
  });

  test('W2 signs in again by a link of the pages on which apps and agents ask, and a page of another origin leads nowhere', async () => {
    const { world, op } = hostile;
    await world.startAgent({ name: 'dev-app', allow: ['group:late'], args: ['--oauth-resource'] });
    const flow = await ClientFlow.registered(world, world.urlOf('dev-app'));
    for (const [path, group] of [
      [flow.url().slice(world.base.length), 'late'],
      ['/device', 'operators'],
    ] as const) {
      op.misbehaviour = { claims: { sub: 'fay', email: 'fay@elsewhere.test', groups: undefined, hasgroups: true } };
      const visitor = world.visitor();
      const refused = await visitor.open(world.base + path);
      assert.equal(refused.status, 403);
      assert.match(refused.text, /Not all of your groups are known here/);
      const [, href = ''] = /<a [^>]*href="([^"]+)"[^>]*>Sign in again/.exec(refused.text) ?? [];
      const again = new URL(href.replaceAll('&amp;', '&'), world.base).href;
      op.misbehaviour = { claims: { sub: 'fay', email: 'fay@elsewhere.test', groups: [group] } };
      const foreign = await visitor.navigate(again, { initiator: 'https://evil.test' });
      assert.equal(foreign.headers.location, path);
      const own = await visitor.navigate(again, { initiator: world.base });
      assert.ok(own.headers.location?.startsWith(op.issuer), own.headers.location);
      const admitted = await visitor.open(own.headers.location ?? '');
      assert.deepEqual([admitted.status, admitted.url], [200, world.base + path]);
    }
  });

  test('W2 is not sent round and round by rules that never rest', async () => {
    const { world, op } = hostile;
    op.misbehaviour = { claims: { sub: 'eve', email: 'eve@elsewhere.test', groups: ['admin', ...many] } };
    const visitor = world.visitor();
    assert.equal((await visitor.open(`${world.url}/`)).status, 200);
    const url = `${world.urlOf('dev-nowhere')}/`;
    assert.equal((await visitor.open(url)).status, 403);
    await world.edge.record((line) => line['event'] === 'deny' && line['email'] === 'eve@elsewhere.test');
    const since = world.edge.mark();
    await world.startAgent({ name: 'dev-restless', allow: ['group:of-restless'] });
    const statuses: number[] = [];
    // Each as if rules had changed again before the sign-in came back.
    for (let at = 0; at < 5; at++) statuses.push((await visitor.navigate(url)).status);
    assert.deepEqual(statuses, [302, 302, 302, 403, 403]);
    // In the audit record these are counted with the first denial, which they are alike: its session is the same.
    await world.edge.record(({ msg, code }) => msg === 'request' && code === 'ERR_ACCESS_DENIED', since);
  });

  test('W2 hears on the page, and the operator in the log, when groups had to be left out', async () => {
    const { edge } = hostile.world;
    const since = edge.mark();
    const denied = await openAs(many);
    assert.match(denied.text, /Not all of your groups are known here/);
    await edge.record(
      (line) => line['level'] === 'warn' && line['subject'] === 'ana' && Number(line['kept']) > 0,
      since,
    );
    assert.doesNotMatch((await openAs(['eng'])).text, /Not all of your groups/);
  });
});
