/**
 * Targets on the HTTP servers of Node and Python, as processes of their own, that close, lie or speak out of turn: each
 * spoils its own response and nobody else's.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { compiled, Program } from '../../support/processes.js';
import { PROJECT_ROOT } from '../../support/project-root.js';
import { pythonWith } from '../../support/python.js';
import type { Visitor } from '../../support/visitor.js';
import { startWorld, type World } from '../../support/world.js';

const PYTHON = pythonWith('http.server');
const SERVERS = {
  Node: { name: 'target', script: compiled('../support/hostile-target-process.js') },
  Python: {
    name: 'target',
    script: join(PROJECT_ROOT, 'test', 'support', 'hostile-target.py'),
    command: PYTHON ?? 'python3',
  },
};

/** What a visitor gets of each: status and body, or no whole response (what came before a reset may be lost with it). */
const OUTCOMES: Readonly<Record<string, string>> = {
  short: 'none',
  reset: 'none',
  long: '200 ok',
  garbage: '200 ok',
  trickle: '200 whole',
  close: '200 ok',
};
const METHODS = ['GET', 'PUT', 'DELETE', 'POST'] as const;

for (const [kind, server] of Object.entries(SERVERS)) {
  const skip = kind === 'Python' && PYTHON === undefined ? 'there is no python3 here' : false;
  describe(`T3 a hostile target on the server of ${kind}`, { skip }, () => {
    let world: World;
    let target: Program;
    let ana: Visitor;
    let bob: Visitor;

    before(async () => {
      target = new Program(server);
      const { port } = await target.record((line) => 'port' in line);
      world = await startWorld({ targetUrl: `http://127.0.0.1:${port}` });
      ana = await world.signedIn('ana');
      bob = await world.signedIn('bob');
    });
    after(async () => {
      await world?.close();
      await target?.kill();
    });

    async function ask(visitor: Visitor, path: string, method = 'GET', body = ''): Promise<string> {
      const sent = method === 'GET' ? {} : { body, headers: { 'content-length': String(body.length) } };
      return visitor.fetch(world.url + path, { method, ...sent }).then(
        ({ status, text }) => (status === 502 ? 'none' : `${status} ${text}`),
        () => 'none',
      );
    }

    for (const [act, outcome] of Object.entries(OUTCOMES)) {
      test(`T3 ${kind}: ${act} spoils its own response alone, with every method`, async () => {
        for (const [at, method] of METHODS.entries()) {
          assert.equal(await ask(ana, `/${act}?${at}`, method, 'body'), outcome, method);
          assert.equal(await ask(bob, `/next?${act}${at}`), `200 /next?${act}${at}`);
        }
      });
    }

    test(`T3 ${kind}: a hundred changes in a row, each on a connection that may just be closed, are all served`, async () => {
      for (let count = 0; count < 100; count++) {
        const method = METHODS[count % METHODS.length] as string;
        assert.equal(await ask(ana, `/close?${count}`, method, 'body'), '200 ok', `${method} ${count}`);
      }
    });

    test(`T3 ${kind}: what is said before a large body was read reaches the visitor`, async () => {
      assert.equal(await ask(ana, '/early', 'POST', 'x'.repeat(2_000_000)), '413 no');
      assert.equal(await ask(bob, '/next?early'), '200 /next?early');
    });

    test(`T3 ${kind}: a connection that is closed without a word is 502`, async () => {
      const { status, headers } = await ana.fetch(`${world.url}/mute`);
      assert.deepEqual([status, headers['postern-error']], [502, 'ERR_TARGET_REFUSED']);
      assert.equal(await ask(bob, '/next?mute'), '200 /next?mute');
    });
  });
}
