/** Several identity providers at one edge: the choice between them, their redirect URIs, and whose addresses count. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { FakeGitHub, OCTOCAT } from '../../support/fake-github.js';
import { HostileProvider } from '../../support/hostile-provider.js';
import { assertRefused, whoIs } from '../../support/hostile-world.js';
import type { Visitor } from '../../support/visitor.js';
import { startWorld, type World } from '../../support/world.js';

const SECRET = 'client-secret';
const PARTY = { id: 'edge', secret: SECRET, redirectUri: '' };

let folder: string;
let first: HostileProvider;
let second: HostileProvider;
let github: FakeGitHub;
let world: World;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'postern-providers-'));
  [first, second] = [await HostileProvider.start(PARTY), await HostileProvider.start(PARTY)];
  github = await FakeGitHub.start();
  const file = join(folder, 'edge.yaml');
  const rows = [
    'label: Partner',
    `issuer: ${second.issuer}`,
    'client_id: edge',
    'domains: [partner.test]',
    'groups: [partner]',
  ];
  const gitHubRows = ['type: github', `issuer: ${github.issuer}`, 'client_id: client', 'groups: [ACME]'];
  const lines = (all: readonly string[]) => all.map((row) => `    ${row}\n`).join('');
  writeFileSync(file, `providers:\n  partner:\n${lines(rows)}  github:\n${lines(gitHubRows)}`);
  world = await startWorld({
    issuer: first.issuer,
    manyAddresses: true,
    allow: ['@acme.com', '@partner.test', 'group:acme/eng'],
    edgeArgs: ['--config', file],
    edgeEnv: { POSTERN_PROVIDER_PARTNER_CLIENT_SECRET: SECRET, POSTERN_PROVIDER_GITHUB_CLIENT_SECRET: SECRET },
  });
});
after(async () => {
  await world?.close();
  await Promise.all([first, second, github].map((provider) => provider?.close()));
  rmSync(folder, { recursive: true });
});

/** The provider's authorization URL of a start with this query. */
async function begin(visitor: Visitor, query: string): Promise<string> {
  const start = await visitor.navigate(`${world.base}/oauth2/start?rd=%2F${query}`);
  assert.equal(start.status, 302, start.text);
  return start.headers.location ?? '';
}

/** A whole sign-in on the base host; gives the response to the callback. */
async function signIn(visitor: Visitor, provider: 'oidc' | 'partner', claims: Record<string, unknown> = {}) {
  const op = provider === 'oidc' ? first : second;
  const back = op.authorize(await begin(visitor, `&provider=${provider}`), claims);
  return visitor.navigate(back.href);
}

test('B23 a visitor chooses among several providers, once, and again with another account', async () => {
  const visitor = world.visitor();
  const page = await visitor.navigate(`${world.base}/oauth2/start?rd=%2F`);
  assert.equal(page.status, 200);
  assert.match(page.text, /href="\/oauth2\/start\?rd=%2F&amp;provider=oidc"/);
  assert.match(page.text, /href="\/oauth2\/start\?rd=%2F&amp;provider=partner">Partner</);
  assert.deepEqual(page.setCookies, []);
  assert.equal((await signIn(visitor, 'partner', { email: 'pat@partner.test' })).status, 302);
  assert.equal(await whoIs(visitor, world.base), 'pat@partner.test');
  assert.equal((await visitor.fetch(`${world.url}/`)).status, 401);
  assert.equal((await visitor.open(`${world.url}/`)).url, `${world.url}/`);
  const signedOut = await visitor.press(await visitor.navigate(`${world.base}/oauth2/sign_out`));
  assert.match(signedOut.url, /\/oauth2\/signed_out$/);
  assert.ok((await begin(visitor, '')).startsWith(`${second.issuer}/`));
  assert.match(
    (await visitor.navigate(`${world.base}/oauth2/start?rd=%2F&switch=account`)).text,
    /signed in with this/,
  );
});

test('B25 a code of one provider that arrives at the redirect URI of another is sent to neither', async () => {
  for (const [from, op, at] of [
    ['oidc', first, '/oauth2/callback/partner'],
    ['partner', second, '/oauth2/callback'],
  ] as const) {
    const visitor = world.visitor();
    const asked = [first.asked.token, second.asked.token];
    const back = op.authorize(await begin(visitor, `&provider=${from}`));
    assert.notEqual(back.pathname, at);
    assertRefused(await visitor.navigate(`${world.base}${at}${back.search}`));
    assert.deepEqual([first.asked.token, second.asked.token], asked);
    assert.equal(await whoIs(visitor, world.base), undefined);
  }
  assert.equal((await world.visitor().navigate(`${world.base}/oauth2/callback/unknown?code=x&state=y`)).status, 404);
});

test('B25 a response that names another of the providers is refused', async () => {
  const visitor = world.visitor();
  const back = first.authorize(await begin(visitor, '&provider=oidc'));
  back.searchParams.set('iss', second.issuer);
  assertRefused(await visitor.navigate(back.href));
});

test('B26 an address of a domain that is named for a provider counts from no other', async () => {
  const visitor = world.visitor();
  const refused = await signIn(visitor, 'oidc', { email: 'pat@partner.test' });
  assertRefused(refused, 403, 'ERR_ACCESS_DENIED');
  assert.match(refused.text, /Addresses of partner\.test count here only when you sign in with Partner\./);
  assert.equal(await whoIs(visitor, world.base), undefined);
  assert.equal((await signIn(visitor, 'oidc')).status, 302);
  assert.equal(await whoIs(visitor, world.base), 'alice@acme.com');
});

test('B29 a group of one provider is not that of another, whatever accounts there say', async () => {
  const groups = async (provider: 'oidc' | 'partner', claims: Record<string, unknown>) => {
    const visitor = world.visitor();
    assert.equal((await signIn(visitor, provider, claims)).status, 302);
    return ((await visitor.fetch(`${world.base}/oauth2/userinfo`)).json() as { readonly groups: readonly string[] })
      .groups;
  };
  const claims = { groups: ['eng', 'acme', 'acme/eng', 'partner'] };
  assert.deepEqual(await groups('oidc', claims), ['eng']);
  assert.deepEqual(await groups('partner', { ...claims, email: 'pat@partner.test' }), ['partner']);
});

test('B24 the same `sub` at two providers is two accounts: the second sign-in ends the first', async () => {
  const visitor = world.visitor();
  await signIn(visitor, 'oidc');
  const [{ session: former } = {}] = world
    .audit()
    .filter(({ event }) => event === 'sign-in')
    .slice(-1);
  const mark = world.edge.mark();
  await signIn(visitor, 'partner', { email: 'alice@partner.test' });
  const record = await world.edge.record((line) => line['event'] === 'sign-in', mark);
  assert.notEqual(record['session'], former);
  assert.equal(await whoIs(visitor, world.base), 'alice@partner.test');
});

test('B27 an account of GitHub is its number; its teams satisfy group rules, its address no domain rule', async () => {
  const signInAs = async (account: typeof OCTOCAT) => {
    github.account = account;
    const visitor = world.visitor();
    const back = github.authorize(await begin(visitor, '&provider=github'));
    assert.equal(back.pathname, '/oauth2/callback/github');
    return { visitor, response: await visitor.navigate(back.href) };
  };
  const member = await signInAs(OCTOCAT);
  assert.equal(member.response.status, 302);
  const { subject, email, groups } = (await member.visitor.fetch(`${world.base}/oauth2/userinfo`)).json() as {
    readonly subject: string;
    readonly email: string;
    readonly groups: readonly string[];
  };
  assert.deepEqual([subject, email, groups], ['583231', 'octocat@acme.com', ['acme', 'acme/eng']]);
  assert.equal((await member.visitor.open(`${world.url}/`)).status, 200);
  const other = await signInAs({ ...OCTOCAT, teams: [] });
  assert.equal(other.response.status, 302);
  assert.equal((await other.visitor.open(`${world.url}/`)).status, 403);
  const nobody = await signInAs({ ...OCTOCAT, emails: [] });
  assertRefused(nobody.response, 403, 'ERR_ACCESS_DENIED');
});
