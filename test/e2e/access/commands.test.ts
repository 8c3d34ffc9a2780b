/** `postern allow`, `revoke` and `invite` beside a running tunnel. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inWorld } from '../../support/in-world.js';
import { runPostern } from '../../support/processes.js';

describe('the commands that let people in and shut them out', () => {
  const { world, visitor: bob } = inWorld({ as: 'bob', tunnels: '*' });

  const asked = async (args: readonly string[], token: string) => {
    const { exit, stdout, stderr } = await runPostern(args, { POSTERN_EDGE: world.base, POSTERN_TOKEN: token });
    return { code: exit.code, stdout, stderr };
  };
  const postern = async (args: readonly string[], owner?: string) =>
    asked(args, await world.token(owner === undefined ? {} : { owner }));

  test('let a person in, until told otherwise or for a time, and shut out of every tunnel at once', async () => {
    const eve = world.visitor();
    await eve.signIn(`${world.url}/`, 'eve');
    const status = async () => (await eve.fetch(`${world.url}/`)).status;
    const allowed = await postern(['allow', 'Eve@elsewhere.test']);
    assert.deepEqual([allowed.code, allowed.stdout], [0, `eve@elsewhere.test may open ${world.url}/`]);
    assert.equal(await status(), 200);
    const limited = await postern(['allow', 'eve@elsewhere.test', '--for', '8h']);
    assert.match(limited.stdout, /^eve@elsewhere\.test may open \S+ until 20\d\d-\d\d-\d\dT\S+Z$/);
    await world.startAgent({ name: 'dev-two' });
    const several = await postern(['allow', 'eve@elsewhere.test']);
    assert.deepEqual([several.code, several.stdout], [2, '']);
    assert.match(several.stderr, /choose one with --name \(demo, dev-two\)/);
    assert.equal((await postern(['allow', 'eve@elsewhere.test', '--name', 'dev-two'])).code, 0);
    const revoked = await postern(['revoke', 'eve@elsewhere.test']);
    assert.equal(
      revoked.stdout,
      `eve@elsewhere.test is shut out of ${world.url}/\neve@elsewhere.test is shut out of ${world.urlOf('dev-two')}/`,
    );
    assert.equal(await status(), 403);
    assert.equal((await bob.fetch(`${world.url}/`)).status, 200);
  });

  test('take back a rule that was granted, and say so of one that was not', async () => {
    assert.equal((await postern(['allow', '@elsewhere.test', '--name', 'demo'])).code, 0);
    const revoked = await postern(['revoke', '@elsewhere.test', '--name', 'demo']);
    assert.equal(revoked.stdout, `@elsewhere.test no longer opens ${world.url}/`);
    const again = await postern(['revoke', '@elsewhere.test', '--name', 'demo']);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /"@elsewhere\.test" was not granted/);
  });

  test('are completed with the names of tunnels and people, and without a word where there are none', async () => {
    const complete = async (kind: string, words: readonly string[], owner?: string) =>
      (await postern(['__complete', kind, '--', 'postern', ...words], owner)).stdout.split('\n').filter(Boolean);
    assert.ok((await complete('tunnels', ['http'])).includes('demo'));
    assert.equal((await postern(['allow', "o'brien@acme.com", '--name', 'demo'])).code, 0);
    assert.ok((await complete('people', ['revoke', '--name', 'demo'])).includes("o'brien@acme.com"));
    assert.deepEqual(await complete('people', ['revoke', '--name', 'other']), []);
    assert.deepEqual(await complete('tunnels', ['http'], 'bob@acme.com'), []);
    assert.deepEqual(await asked(['__complete', 'tunnels', '--', 'postern', '--edge', 'http://localhost:1'], 'x'), {
      code: 0,
      stdout: '',
      stderr: '',
    });
    assert.equal((await postern(['revoke', "o'brien@acme.com", '--name', 'demo'])).code, 0);
  });

  test('list who asks to be let in', async () => {
    const zoe = world.visitor();
    await zoe.signIn(`${world.url}/`, 'eve');
    const body = new URLSearchParams({ to: 'demo', message: 'a [31m word' }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    assert.equal((await zoe.fetch(`${world.base}/access`, { method: 'POST', headers, body })).status, 303);
    const { code, stdout } = await postern(['knocks', '--name', 'demo']);
    assert.equal(code, 0);
    assert.match(stdout, /^demo {2}\S+ {2}eve@elsewhere\.test {2}20\S+Z: a \[31m word$/);
    const json = JSON.parse((await postern(['knocks', '--name', 'demo', '--json'])).stdout);
    assert.deepEqual([json.tunnel, json.email], ['demo', 'eve@elsewhere.test']);
    assert.equal((await postern(['revoke', 'eve@elsewhere.test', '--name', 'demo'])).code, 0);
    assert.equal((await postern(['knocks', '--name', 'demo'])).stdout, '');
  });

  test('let in one who asks, for a time, or not', async () => {
    await world.startAgent({ name: 'asked' });
    const url = world.urlOf('asked');
    const eve = world.visitor();
    await eve.signIn(`${url}/`, 'eve');
    const ask = async () => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const body = new URLSearchParams({ to: 'asked', message: '' }).toString();
      assert.equal((await eve.fetch(`${world.base}/access`, { method: 'POST', headers, body })).status, 303);
      return JSON.parse((await postern(['knocks', '--json', '--name', 'asked'])).stdout).id as string;
    };
    const allowed = await postern(['knocks', 'allow', await ask(), '--for', '8h', '--name', 'asked']);
    assert.deepEqual([allowed.code, allowed.stdout], [0, `eve@elsewhere.test may open ${url}/ for 8h`]);
    assert.equal((await eve.fetch(`${url}/`)).status, 200);
    const again = await postern(['knocks', 'allow', 'eve@elsewhere.test']);
    assert.deepEqual([again.code, again.stdout], [1, '']);
    assert.match(again.stderr, /"eve@elsewhere\.test" asks for no tunnel of yours/);
    const wrong = await postern(['knocks', 'allow', 'eve@elsewhere.test', '--for', 'ever']);
    assert.deepEqual([wrong.code, wrong.stdout], [2, '']);
    await world.startAgent({ name: 'asked-too' });
    await eve.open(`${world.urlOf('asked-too')}/`);
    const body = new URLSearchParams({ to: 'asked-too', message: '' }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    assert.equal((await eve.fetch(`${world.base}/access`, { method: 'POST', headers, body })).status, 303);
    const denied = await postern(['knocks', 'deny', 'Eve@elsewhere.test']);
    assert.deepEqual(
      [denied.code, denied.stdout],
      [0, `eve@elsewhere.test was not let in to ${world.urlOf('asked-too')}/`],
    );
    assert.equal((await eve.fetch(`${world.urlOf('asked-too')}/`)).status, 403);
  });

  test('print a link that lets people in, list what is left of it, and end it', async () => {
    const made = await postern(['invite', '--for', '24h', '--uses', '3', '--name', 'demo']);
    assert.equal(made.code, 0);
    assert.match(made.stdout, new RegExp(`^${world.base}/invite\\?to=demo&code=[0-9a-f]{12}\\.[\\w-]{24}$`));
    const drawn = await postern(['invite', '--qr', '--email', 'Zoe@elsewhere.test', '--name', 'demo']);
    const [link = '', ...code] = drawn.stdout.split('\n');
    assert.match(link, /\/invite\?to=demo&code=/);
    assert.ok(code.length > 15 && code.every((line) => /^[█▀▄ ]+$/.test(line)), drawn.stdout);
    const listed = (await postern(['invites', '--name', 'demo'])).stdout.split('\n');
    assert.match(listed[0] ?? '', /^demo {2}[0-9a-f]{12} {2}used 0 of 3 {2}until 20\S+Z, and the access with it$/);
    assert.match(listed[1] ?? '', /^demo {2}[0-9a-f]{12} {2}for zoe@elsewhere\.test {2}used 0 of 1 {2}until 20\S+Z$/);
    const json = (await postern(['invites', '--json', '--name', 'demo'])).stdout.split('\n');
    const { id, email } = JSON.parse(json[1] ?? '') as { id: string; email: string };
    assert.equal(email, 'zoe@elsewhere.test');
    const ended = await postern(['invites', '--revoke', id]);
    assert.equal(ended.stdout, `the invite ${id} to ${world.url}/ has ended`);
    const again = await postern(['invites', '--revoke', id]);
    assert.deepEqual([again.code, again.stdout], [1, '']);
    assert.match(again.stderr, new RegExp(`you have no invite "${id}"`));
  });

  test('say in one sentence what is wrong', async () => {
    const wrong: readonly (readonly [args: readonly string[], code: number, says: RegExp])[] = [
      [['allow', 'eve'], 2, /"eve" cannot be granted/],
      [['allow', 'public'], 2, /"public" cannot be granted/],
      [['allow', 'eve@elsewhere.test', '--for', 'ever'], 2, /--for: "ever" is not a duration/],
      [['invite', '--uses', '0'], 2, /--uses: "0" is not a number of people: expected 1 to 100/],
      [['invite', '--email', 'eve'], 2, /--email: "eve" is not an email address/],
      [['revoke', 'eve@elsewhere.test', '--name', 'none'], 1, /you have no tunnel "none"/],
    ];
    for (const [args, code, says] of wrong) {
      const ended = await postern(args);
      assert.deepEqual([ended.code, ended.stdout], [code, ''], args.join(' '));
      assert.match(ended.stderr, says);
    }
    const nothing = await postern(['allow', 'eve@elsewhere.test'], 'new@acme.com');
    assert.match(nothing.stderr, /no agent of yours is connected/);
    const refused = await asked(['allow', 'eve@elsewhere.test'], 'postern_x');
    assert.equal(refused.code, 4);
    assert.match(refused.stderr, /ERR_TOKEN_INVALID/);
  });
});
