/** In all that all programs write over a whole run, in which much goes wrong, there is nothing that lets anybody in. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { inWorld } from '../../support/in-world.js';
import { knock } from '../../support/knock.js';
import type { Program } from '../../support/processes.js';
import type { Echo } from '../../support/target-paths.js';
import type { Visitor, VisitorResponse } from '../../support/visitor.js';

describe('secrets in logs', () => {
  const { world } = inWorld({ edgeEnv: { POSTERN_LOG_LEVEL: 'debug' } });
  let ana: Visitor;
  let eve: Visitor;
  /** Every token that was made, every program that was started: for the search at the end. */
  const tokens: string[] = [];
  const programs = new Set<Program>();
  const visitors: Visitor[] = [];
  const answers: VisitorResponse[] = [];

  before(async () => {
    await world.agent.kill();
    await startAgent();
    ana = keep(world.visitor());
    eve = keep(world.visitor());
    answers.push(await ana.signIn(`${world.url}/`, 'ana'), await eve.signIn(`${world.url}/`, 'eve'));
  });

  function keep(visitor: Visitor): Visitor {
    visitors.push(visitor);
    return visitor;
  }

  async function startAgent(): Promise<void> {
    const token = await world.token();
    tokens.push(token);
    await world.startAgent({ token, args: ['--log-level', 'debug'] });
    for (const program of [world.edge, world.agent, world.provider, world.target.program]) programs.add(program);
  }

  test('L4 nothing that could let anybody in is written anywhere', async () => {
    const secrets = new Map<string, string>([
      ['the secret of the edge', world.secret],
      ['the secret of the client', 'client-secret'],
    ]);
    for (const [index, token] of tokens.entries()) secrets.set(`agent token ${index}`, token);
    await misbehave(secrets);

    const echo = (await ana.fetch(`${world.url}/echo`)).json() as Echo;
    const assertion = echo.rawHeaders.findIndex((name) => name.toLowerCase() === 'x-postern-assertion');
    secrets.set('assertion', String(echo.rawHeaders[assertion + 1]));
    for (const { trail } of answers) collectParameters(trail, secrets);
    for (const [index, visitor] of visitors.entries()) {
      for (const { name, value } of visitor.jar.all()) secrets.set(`cookie ${name} of visitor ${index}`, value);
    }
    for (const kind of ['assertion', 'code', 'state', 'ticket', 'cookie', 'agent token']) {
      assert.ok(
        [...secrets.keys()].some((name) => name.includes(kind)),
        `the run made no ${kind}`,
      );
    }

    for (const { name, stdout, stderr } of programs) {
      const output = stdout + stderr;
      for (const [what, secret] of secrets) {
        assert.ok(secret.length >= 8, `${what} is too short to be looked for`);
        for (const part of [secret, encodeURIComponent(secret), secret.split('.').at(-1) ?? secret]) {
          const at = output.indexOf(part);
          assert.equal(at, -1, `${name} wrote ${what}: ${output.slice(Math.max(0, at - 300), at + 100)}`);
        }
      }
    }
  });

  /** What goes wrong writes the most: forged, replayed and misplaced secrets, and processes that are not there. */
  async function misbehave(secrets: Map<string, string>): Promise<void> {
    const replayed = answers[0]?.trail ?? [];
    for (const url of replayed) answers.push(await keep(world.visitor()).navigate(url));
    const session = ana.jar.cookies(world.url).find(({ name }) => name.includes('postern-session'));
    const forged = `${session?.value.slice(0, -8)}forged-1`;
    secrets.set('a forged cookie', forged);
    await world.visitor().fetch(`${world.url}/`, { headers: { cookie: `${session?.name}=${forged}` } });
    // Where they do not belong: in queries of the edge's own paths.
    await ana.fetch(`${world.base}/oauth2/callback?code=${tokens[0]}&state=${session?.value}`);
    await ana.navigate(`${world.base}/oauth2/start?rd=${encodeURIComponent(`${world.url}/?ticket=${tokens[0]}`)}`);
    await ana.navigate(`${world.url}/.postern/session?ticket=${tokens[0]}`);
    const wrong = [`${tokens[0]?.slice(0, -8)}forged-2`, `postern_${randomUUID()}`];
    for (const [index, token] of wrong.entries()) {
      secrets.set(`wrong agent token ${index}`, token);
      await knock(world, { token, name: token.slice(0, 40) });
    }
    const serving = world.agent;
    const refused = await world.offer({ token: wrong[0] as string });
    programs.add(refused);
    await refused.exited;
    world.agent = serving;

    await world.provider.kill();
    const callback = replayed.find((url) => url.includes('/oauth2/callback')) as string;
    answers.push(await keep(world.visitor()).navigate(callback));
    await world.edge.kill();
    const mark = serving.mark();
    programs.add(await world.startEdge());
    await serving.record(({ event }) => event === 'online', mark);
    answers.push(await keep(world.visitor()).open(`${world.url}/`));
    programs.add(await world.startProvider());
    answers.push(await keep(world.visitor()).signIn(`${world.url}/deep?x=1`, 'ana'));
    await serving.kill();
    answers.push(await ana.navigate(`${world.url}/`));
    await startAgent();
  }
});

/** The values of the parameters that are secrets, from every URL that a visitor was sent to. */
function collectParameters(trail: readonly string[], secrets: Map<string, string>): void {
  for (const url of trail) {
    for (const [name, value] of new URL(url).searchParams) {
      if (/^(code|state|ticket|nonce|code_verifier|id_token_hint)$/.test(name))
        secrets.set(`${name} ${value.slice(-6)}`, value);
    }
  }
}
