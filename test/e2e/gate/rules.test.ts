/**
 * Who is let in. Accounts are whatever the provider's claims say, end to end through sign-in, session and gate: a rule
 * lets in exactly those whom it names, and an account that is not one plain address is nobody.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readIdentity } from '../../../src/auth/identity/identity.js';
import { type Decision, decide, type Policy } from '../../../src/auth/identity/policy.js';
import { mergeClaims } from '../../../src/auth/providers/claims.js';
import { OidcProvider } from '../../../src/auth/providers/oidc.js';
import { silentLog } from '../../../src/core/log.js';
import { formatRule, parseRule, type Rule } from '../../../src/core/rule.js';
import { headerValues } from '../../../src/http/fields.js';
import { assertRefused, type HostileWorld, startHostileWorld, whoIs } from '../../support/hostile-world.js';
import { type Line, runPostern } from '../../support/processes.js';
import type { Echo } from '../../support/target-paths.js';
import type { VisitorResponse } from '../../support/visitor.js';

type Claims = Record<string, unknown>;

const TUNNELS: Record<string, string[]> = {
  'dev-owner': [],
  'dev-anyone': ['*'],
  'dev-group': ['group:admin'],
  'dev-comma': ['group:eng'],
  'dev-email': ['pat@partner.test'],
  'dev-dot': ['a.c@acme.com'],
};

let hostile: HostileWorld;

before(async () => {
  hostile = await startHostileWorld({ edgeEnv: { POSTERN_ALLOW: '@acme.com,@partner.test' } });
  await startTunnels();
});
after(() => hostile?.close());

async function startTunnels(): Promise<void> {
  const { world } = hostile;
  for (const [name, allow] of Object.entries(TUNNELS)) await world.startAgent({ name, allow });
  const token = await world.token({ owner: 'eve@elsewhere.test', tunnels: 'eves' });
  await world.startAgent({ name: 'eves', allow: ['*'], token });
}

/** A new browser opens a tunnel and is signed in with these claims on the way. */
async function openAs(claims: Claims, name: string = hostile.world.name): Promise<VisitorResponse> {
  const { world, op } = hostile;
  op.misbehaviour = { claims };
  const visitor = world.visitor();
  const response = await visitor.open(`${world.urlOf(name)}/`);
  visitor.close();
  return response;
}

const account = (email: string, more: Claims = {}): Claims => ({ sub: email, email, groups: undefined, ...more });

/** The tunnel decides: the account is signed in, and let in or not. */
async function decides(claims: Claims, name: string, status: 200 | 403): Promise<void> {
  const response = await openAs(claims, name);
  const message = `${JSON.stringify(claims)} on ${name}`;
  assert.equal(response.status, status, message);
  assert.equal(new URL(response.url).origin, hostile.world.urlOf(name), message);
  assert.equal(response.headers['postern-error'], status === 200 ? undefined : 'ERR_ACCESS_DENIED', message);
}

/** The account is none: the sign-in itself ends with 403 on the base host, and nobody is signed in. */
async function isNobody(claims: Claims): Promise<void> {
  const { world, signIn } = hostile;
  const visitor = world.visitor();
  assertRefused(await signIn(visitor, { claims }), 403, 'ERR_ACCESS_DENIED');
  assert.equal(await whoIs(visitor, world.base), undefined);
  visitor.close();
}

test('C1 a domain rule lets in that domain, and nothing that ends or begins like it', async () => {
  await decides(account('ana@acme.com'), 'demo', 200);
  for (const email of [
    'mallory@evil-acme.com',
    'mallory@evilacme.com',
    'a@sub.acme.com',
    'a@acme.com.evil.com',
    'a@acme.co',
    'a@acme.comm',
    'a@com',
    'acme.com@evil.com',
  ]) {
    await decides(account(email), 'demo', 403);
  }
});

test('C2 each spelling of a rule is one rule, or none', () => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['@example.com', '@example.com'],
    ['*@example.com', '@example.com'],
    [' @example.com ', '@example.com'],
    ['@EXAMPLE.com', '@example.com'],
    ['ana@example.com', 'ana@example.com'],
    ['*', '*'],
    ['public', 'public'],
    ['group:eng', 'group:eng'],
    ['example.com', undefined],
    [' example.com ', undefined],
    ['.example.com', undefined],
    ['*.example.com', undefined],
    ['@*.example.com', undefined],
    ['@.example.com', undefined],
    ['@', undefined],
    ['', undefined],
    [' ', undefined],
    ['**', undefined],
    ['any', undefined],
    ['group:', undefined],
    ['Group:eng', undefined],
    ['@example.com\n', undefined],
    ['/@example\\.com$/', undefined],
  ];
  for (const [text, canonical] of rows) {
    const rule = parseRule(text);
    assert.equal(rule && formatRule(rule), canonical, JSON.stringify(text));
  }
});

test('C2 no rule at all lets in the owner and nobody else', async () => {
  await decides(account('dev@acme.com'), 'dev-owner', 200);
  for (const email of ['ana@acme.com', 'dev+x@acme.com', 'dev@partner.test', 'eve@elsewhere.test']) {
    await decides(account(email), 'dev-owner', 403);
  }
});

const MISTAKES: Record<string, Record<string, string>> = {
  'a rule that is none': { POSTERN_ALLOW: '@acme.com,partner.test' },
  'an empty rule': { POSTERN_ALLOW: '@acme.com,' },
  'an empty list': { POSTERN_ALLOW: '' },
  'a ceiling of public': { POSTERN_ALLOW: 'public' },
  'a misspelt option': { POSTERN_ALOW: '@acme.com' },
};
for (const [name, env] of Object.entries(MISTAKES)) {
  test(`C2 the edge does not start with ${name}`, async () => {
    const { exit, stderr } = await runPostern(['edge'], { ...hostile.world.edgeEnv(), ...env });
    assert.equal(exit.code, 2, stderr);
    assert.match(stderr, /POSTERN_ALL?OW/);
  });
}

test('C2 an agent does not start with a rule that is none', async () => {
  for (const rule of ['acme.com', '.acme.com', '', '@acme.com;@x.com']) {
    const agent = await hostile.world.offer({ name: 'dev-odd', allow: [rule] });
    assert.equal((await agent.exited).code, 2, rule);
  }
});

test('C3 an address with several @ is nobody', async () => {
  for (const email of [
    'eve@evil.com@acme.com',
    'eve@acme.com@evil.com',
    '"eve@acme.com"@evil.com',
    'eve@acme.com@',
    '@eve@acme.com',
    'eve@@acme.com',
    'eve',
    '@acme.com',
  ]) {
    await isNobody(account(email));
  }
});

test('C4 an address with controls, spaces or invisible characters is nobody', async () => {
  for (const email of [
    'eve@acme.com\u0000.evil.com',
    'eve\u0000@acme.com',
    'x@evil.com\r\nX-Forwarded-Email: ana@acme.com',
    'ana@acme.com\n',
    ' ana@acme.com',
    'ana@acme.com ',
    'ana@acme.com\t',
    'an a@acme.com',
    'eve@acme\u200b.com',
    'e\u200bve@acme.com',
    '\ufeffana@acme.com',
    '\u202eana@acme.com',
    'ana@ac\u00adme.com',
    'ana\u3164@acme.com',
    'ana@acme.com\u0085',
    'ana@acme.com\u2028',
    'ana,eve@acme.com',
    'ana;eve@acme.com',
    'Ana <ana@acme.com>',
    'ana\ud800@acme.com',
  ]) {
    await isNobody(account(email));
  }
});

test('C5 an address that needs folding to look like one of ours is nobody', async () => {
  for (const email of [
    'eve\uff20acme.com',
    'eve@\u212aacme.com',
    'eve@acme.com.',
    'eve@\uff41cme.com',
    'eve@acme\u3002com',
    '\uff41na@acme.com',
    'a\u0301na@acme.com',
    'eve@xn--acme-.com',
    'eve@127.0.0.1',
  ]) {
    await isNobody(account(email));
  }
});

test('C5 a homograph of a domain is another domain, and only ASCII case is folded', async () => {
  await decides(account('eve@\u0430cme.com'), 'demo', 403);
  await decides(account('eve@xn--cme-7cd.com'), 'demo', 403);
  await decides(account('ana@ACME.COM'), 'demo', 200);
});

test('C6 ASCII case is folded in the local part too: one spelling for rule, header and record', async () => {
  const response = await openAs(account('PAT@Partner.TEST'), 'dev-email');
  assert.equal(response.status, 200);
  assert.deepEqual(headerValues((response.json() as Echo).rawHeaders, 'x-forwarded-email'), ['pat@partner.test']);
  const { world } = hostile;
  const isAllowed = (line: Line) => line['event'] === 'allow' && line['host'] === 'dev-email.localhost';
  await world.edge.record(isAllowed);
  for (const { email } of world.audit().filter(isAllowed)) assert.equal(email, 'pat@partner.test');
});

test('C7 only an address that the provider says is verified matches a rule', async () => {
  await decides(account('ana@acme.com', { email_verified: true }), 'demo', 200);
  for (const email_verified of [false, 'false', 'true', 0, 1, null, undefined, [], [true], {}]) {
    for (const name of ['demo', 'dev-anyone']) await decides(account('ana@acme.com', { email_verified }), name, 403);
  }
  await decides(account('dev@acme.com', { email_verified: undefined }), 'dev-owner', 403);
});

test('C8 with Google a domain rule needs `hd`, whatever the address says', () => {
  assert.equal(googleDecides({ email: 'x+y@example.com' }).allow, false);
  assert.equal(googleDecides({ email: 'ana@example.com', hd: null }).allow, false);
  assert.equal(googleDecides({ email: 'ana@example.com', hd: ['example.com'] }).allow, false);
  assert.equal(googleDecides({ email: 'ana@example.com', hd: '' }).allow, false);
  assert.equal(googleDecides({ email: 'ana@example.com', hd: 'example.com' }).allow, true);
  assert.equal(googleDecides({ email: 'ana@example.com', hd: 'example.com', email_verified: false }).allow, false);
  for (const issuer of ['https://accounts.google.com', 'https://accounts.google.com/']) {
    assert.equal(providerAt(issuer).domainProof, 'hosted-domain', issuer);
  }
  assert.equal(providerAt('https://accounts.google.com.evil.test').domainProof, 'email');
});

test('C9 with Google `hd` and the address must both be of the domain', () => {
  assert.equal(googleDecides({ email: 'ana@gmail.com', hd: 'example.com' }).allow, false);
  assert.equal(googleDecides({ email: 'ana@example.com', hd: 'gmail.com' }).allow, false);
  assert.equal(googleDecides({ email: 'ana@example.com', hd: 'evil-example.com' }).allow, false);
  assert.equal(googleDecides({ email: 'ana@sub.example.com', hd: 'example.com' }).allow, false);
  assert.equal(googleDecides({ email: 'ana@Example.com', hd: 'EXAMPLE.com' }).allow, true);
});

test('C9 elsewhere `hd` lets nobody in', async () => {
  await decides(account('eve@evil.com', { hd: 'acme.com' }), 'demo', 403);
});

test('C10 names that an account gives itself are not an address: preferred_username, upn, an unverified email', async () => {
  const named = {
    preferred_username: 'ana@acme.com',
    upn: 'ana@acme.com',
    unique_name: 'ana@acme.com',
    name: 'ana@acme.com',
  };
  await isNobody({ ...named, email: undefined, email_verified: undefined });
  await decides(account('eve@evil.com', named), 'demo', 403);
  await decides(account('ana@acme.com', { email_verified: undefined, xms_edov: undefined }), 'demo', 403);
  await decides(account('ana@acme.com', { email_verified: undefined, xms_edov: false }), 'demo', 403);
});

test('C10 at Entra an address counts when xms_edov says that its domain is verified, and by nothing else', () => {
  const tenant = 'https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0';
  const { issuer, domainProof, emailProof } = providerAt(tenant);
  const options = { groupsClaim: 'groups', issuer, domainProof, emailProof };
  const isVerified = (claims: Claims) =>
    readIdentity({ sub: '1', email: 'ana@acme.com', ...claims }, options).emailVerified;
  for (const xms_edov of [true, 1, '1']) assert.equal(isVerified({ xms_edov }), true);
  for (const xms_edov of [undefined, null, false, 0, '0', 'false', '', [], [true], {}]) {
    assert.equal(isVerified({ xms_edov }), false, String(xms_edov));
    assert.equal(isVerified({ xms_edov, email_verified: true }), false, String(xms_edov));
  }
  assert.equal(isVerified({ xms_edov: true, email_verified: false }), false);
  for (const issuer of [
    'https://id.acme.com',
    'https://login.microsoftonline.com.evil.test',
    'https://evilwindows.net',
  ])
    assert.equal(providerAt(issuer).emailProof, 'email_verified', issuer);
  for (const issuer of ['https://sts.windows.net/x/', 'https://login.microsoftonline.us/x/v2.0'])
    assert.equal(providerAt(issuer).emailProof, 'xms_edov', issuer);
});

test('C10 xms_edov of the ID token says nothing about an address from userinfo', () => {
  const idToken = { sub: '1', xms_edov: true };
  const merged = mergeClaims(idToken, { sub: '1', email: 'ana@acme.com' }, { groupsClaim: 'groups' });
  assert.deepEqual(merged, { sub: '1', email: 'ana@acme.com' });
});

test('C10 an issuer whose accounts may bear any address cannot be told to be believed', async () => {
  for (const issuer of [
    'https://login.microsoftonline.com/common/v2.0',
    'https://login.microsoftonline.com/organizations/v2.0',
    'https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0',
    'https://accounts.google.com',
  ]) {
    const env = {
      ...hostile.world.edgeEnv(),
      POSTERN_OIDC_ISSUER: issuer,
      POSTERN_OIDC_EMAIL_VERIFIED: 'accept-missing',
    };
    const { exit, stderr } = await runPostern(['edge'], env);
    assert.equal(exit.code, 2, issuer);
    assert.match(stderr, /POSTERN_OIDC_EMAIL_VERIFIED/);
  }
});

test('C11 an account without an address gets a page that says so', async () => {
  const response = await openAs({ sub: 'octocat', email: undefined, email_verified: undefined, login: 'octocat' });
  assertRefused(response, 403, 'ERR_ACCESS_DENIED');
  assert.match(response.text, /no usable email address/);
});

test('C12 plus tags and dots make another address', async () => {
  for (const email of ['pat+x@partner.test', 'p.at@partner.test', 'pat@x.partner.test']) {
    await decides(account(email), 'dev-email', 403);
  }
  await decides(account('pat@partner.test'), 'dev-email', 200);
});

test('C13 groups match exactly', async () => {
  const bob = (groups: unknown) => account('bob@acme.com', { groups });
  for (const groups of [['admin'], 'admin', ['x', 'admin', 'admin']]) await decides(bob(groups), 'dev-group', 200);
  for (const groups of [
    ['admins'],
    ['Admin'],
    ['ADMIN'],
    ['group:admin'],
    ['eng,admin'],
    'eng,admin',
    'x admin',
    ['admin '],
    ['\u0430dmin'],
    ['admin\u0000'],
    ['adm\u200bin'],
    [],
    undefined,
  ]) {
    await decides(bob(groups), 'dev-group', 403);
  }
  await decides(bob(['eng,ops']), 'dev-comma', 403);
});

test('C13 groups that the provider left out let nobody in, and the log says why', async () => {
  const { world } = hostile;
  const rows: readonly Claims[] = [
    { groups: undefined, _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://x.test' } } },
    { groups: undefined, hasgroups: true },
    { groups: { admin: true } },
    { groups: ['admin', 7] },
  ];
  for (const [at, claims] of rows.entries()) {
    const email = `omitted-${at}@acme.com`; // records of others may still be on their way
    await decides(account(email, claims), 'dev-group', 403);
    const denied = await world.edge.record((line) => line['event'] === 'deny' && line['email'] === email);
    assert.equal(denied['reason'], 'groups-omitted');
    await decides(account(email, claims), 'demo', 200); // by the domain, which does not ask for groups
    const warned = (line: Claims) => line['msg'] === 'identity provider left groups out' && line['subject'] === email;
    await world.edge.record(warned);
  }
});

test('C14 a rule is literal: its dots and signs match themselves', async () => {
  await decides(account('a.c@acme.com'), 'dev-dot', 200);
  for (const email of ['abc@acme.com', 'a-c@acme.com', 'aac@acme.com', 'ac@acme.com', 'a.cc@acme.com']) {
    await decides(account(email), 'dev-dot', 403);
  }
});

test('C15 one session is judged by the rules of each tunnel', async () => {
  const { world, op } = hostile;
  op.misbehaviour = { claims: account('ana@acme.com', { groups: ['admin'] }) };
  const ana = world.visitor();
  const statuses: Record<string, number> = {};
  for (const name of ['demo', ...Object.keys(TUNNELS)])
    statuses[name] = (await ana.open(`${world.urlOf(name)}/`)).status;
  assert.deepEqual(statuses, {
    demo: 200,
    'dev-owner': 403,
    'dev-anyone': 200,
    'dev-group': 200,
    'dev-comma': 403,
    'dev-email': 403,
    'dev-dot': 403,
  });
});

test('C16 whatever the rule, somebody whom it does not name stays outside, and is never asked for again by the target', async () => {
  const { world } = hostile;
  await world.target.forget();
  for (const name of ['demo', ...Object.keys(TUNNELS), 'eves']) {
    await decides(account('stranger@elsewhere.test', { groups: ['eng', 'admin'] }), name, 403);
  }
  assert.deepEqual(await world.target.seen(), []);
});

test('C17 an agent cannot let in more than the operator’s ceiling, its owner included', async () => {
  await decides(account('ana@acme.com'), 'eves', 200);
  await decides(account('pat@partner.test'), 'eves', 200);
  for (const email of ['eve@elsewhere.test', 'a@sub.acme.com']) {
    await decides(account(email), 'eves', 403);
    await decides(account(email), 'dev-anyone', 403);
  }
});

test('C17 an agent cannot open a tunnel to the public where the operator does not permit it', async () => {
  for (const allow of [['public'], ['@acme.com', 'public']]) {
    const agent = await hostile.world.offer({ name: 'dev-public', allow });
    assert.equal((await agent.exited).code, 4);
  }
  assert.equal((await hostile.world.visitor().bare(`${hostile.world.urlOf('dev-public')}/`)).status, 401);
});

test('C18 the page of a refusal names the account, offers another one and the way out, and tells no rule', async () => {
  for (const [email, verified] of [
    ['pat@partner.test', true],
    ['mal@acme.com', false],
    ['eve@elsewhere.test', true],
  ] as const) {
    const page = await openAs(account(email, { email_verified: verified }), 'demo');
    assert.equal(page.status, 403);
    assert.ok(page.text.includes(email));
    assert.match(page.text, /href="[^"]*switch=account"/);
    assert.match(page.text, /href="\/\.postern\/sign_out"/);
    const rest = page.text.replaceAll(email, '');
    for (const rule of ['@acme.com', '@partner.test', 'dev@acme.com', 'group:']) {
      assert.equal(rest.includes(rule), false, rule);
    }
    assert.equal(page.headers['cache-control'], 'no-store');
  }
});

test('C18 what is decided is on record, with the rule or the reason', async () => {
  const { world } = hostile;
  await openAs(account('pat@partner.test'), 'dev-email');
  await openAs(account('bob@acme.com', { groups: ['eng'] }), 'dev-group');
  await openAs(account('eve@elsewhere.test'), 'eves');
  const isOnRecord = (wanted: Record<string, string>) =>
    world.edge.record((line) => Object.entries(wanted).every(([key, value]) => line[key] === value));
  const host = 'dev-email.localhost';
  await isOnRecord({ event: 'allow', email: 'pat@partner.test', host, rule: 'pat@partner.test' });
  await isOnRecord({ event: 'deny', email: 'bob@acme.com', host: 'dev-group.localhost', reason: 'no-rule' });
  await isOnRecord({ event: 'deny', email: 'eve@elsewhere.test', host: 'eves.localhost', reason: 'ceiling' });
});

test('C7 with accept-missing a provider may be silent about an address, and is heard when it is not', async () => {
  const { world, op, restartEdge } = hostile;
  const metadata = { userinfo_endpoint: `${op.issuer}/userinfo` };
  await restartEdge({ metadata }, { POSTERN_OIDC_EMAIL_VERIFIED: 'accept-missing' });
  const visit = async (claims: Claims, userinfo: Claims = {}) => {
    op.misbehaviour = { claims, userinfo: { sub: claims['sub'], ...userinfo } };
    const visitor = world.visitor();
    await visitor.open(`${world.base}/`);
    return (await visitor.open(`${world.url}/`)).status;
  };
  const silent = account('ana@acme.com', { email_verified: undefined });
  assert.equal(await visit(silent), 200);
  assert.equal(await visit(account('ana@acme.com')), 200);
  assert.equal(await visit(account('eve@evil.com', { email_verified: undefined })), 403);
  for (const email_verified of [false, 'false', 'true', 0, 1, null]) {
    assert.equal(await visit(account('ana@acme.com', { email_verified })), 403, `${email_verified}`);
    assert.equal(await visit(silent, { email: 'ana@acme.com', email_verified }), 403, `userinfo: ${email_verified}`);
    const elsewhere = account('x', { email: undefined, email_verified });
    assert.equal(await visit(elsewhere, { email: 'ana@acme.com' }), 403, `ID token: ${email_verified}`);
  }
});

function providerAt(issuer: string): OidcProvider {
  return new OidcProvider({
    id: 'oidc',
    issuer,
    clientId: 'edge',
    credential: 'client-secret',
    scopes: 'openid',
    groupsClaim: 'groups',
    redirectUri: 'https://tunnel.test/oauth2/callback',
    signedOutUri: 'https://tunnel.test/',
    log: silentLog,
  });
}

/** What the rule @example.com says about an account of Google's, whose issuer no test can be. */
function googleDecides(claims: Claims): Decision {
  const { issuer, domainProof } = providerAt('https://accounts.google.com');
  const options = { groupsClaim: 'groups', issuer, domainProof };
  const identity = readIdentity({ sub: '1', email_verified: true, ...claims }, options);
  const rules: Rule[] = [{ kind: 'domain', domain: 'example.com' }];
  const policy: Policy = { ceiling: undefined, rules, owner: 'dev@acme.com', publicPermitted: false };
  return decide(policy, identity);
}
