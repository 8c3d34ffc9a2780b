/**
 * The other end: a target that misframes its answers, answers more than it was asked or breaks off spoils its
 * own answer and no other. After each answer another visitor asks, over the same agent and its pooled connections.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RawWorld, startRawWorld } from '../../support/raw-world.js';
import { overEach } from '../../support/versions.js';
import type { Visitor } from '../../support/visitor.js';
import type { World } from '../../support/world.js';

const OK = 'HTTP/1.1 200 OK\r\n';
const EVIL = `${OK}Content-Length: 4\r\n\r\nevil`;

describe('a hostile target', () => {
  let world: World;
  let raw: RawWorld['raw'];
  let ana: Visitor;
  let bob: Visitor;
  let rawWorld: RawWorld;

  before(async () => {
    rawWorld = await startRawWorld();
    ({ world, raw, ana, bob } = rawWorld);
  });
  after(() => rawWorld?.close());

  /** Everything that ana is sent when the target answers these bytes. */
  async function told(bytes: string, end: 'then closes' | 'stays open', method = 'GET'): Promise<string> {
    const path = `/hostile-${raw.heads.length}`;
    raw.answer(path, (socket) => {
      if (end === 'stays open') socket.write(bytes, 'latin1');
      else socket.end(bytes, 'latin1');
    });
    return rawWorld.anaAsks(method, path);
  }

  /** Bob's answers are his own, several at once. */
  async function bobIsUntouched(): Promise<void> {
    const paths = ['/bob-1', '/bob-2', '/bob-3', '/bob-4'].map((path) => `${path}-${raw.heads.length}`);
    const answers = await Promise.all(paths.map((path) => bob.fetch(`${world.url}${path}`)));
    assert.deepEqual(
      answers.map(({ status, text }) => [status, text]),
      paths.map((path) => [200, path]),
    );
  }

  overEach(
    () => world,
    () => {
      const NO_ANSWER: Readonly<Record<string, string>> = {
        'that speaks no HTTP': 'SSH-2.0-OpenSSH_9.2\r\n\r\n',
        'with a status below 100': 'HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n',
        'with a status of 600': 'HTTP/1.1 600 X\r\nContent-Length: 0\r\n\r\n',
        'with a status of four digits': 'HTTP/1.1 1000 X\r\nContent-Length: 0\r\n\r\n',
        'with a 101 to a plain GET': 'HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nevil',
        'with two lengths': `${OK}Content-Length: 4\r\nContent-Length: 5\r\n\r\nevil`,
        'with a negative length': `${OK}Content-Length: -1\r\n\r\nevil`,
        'with a length in words': `${OK}Content-Length: four\r\n\r\nevil`,
        'with length and chunks': `${OK}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n`,
        'with another coding': `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n`,
        'with a storm of 1xx': `${'HTTP/1.1 103 Early Hints\r\nLink: </evil>\r\n\r\n'.repeat(1_000)}${EVIL}`,
        'with 100 again and again': `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(1_000)}${EVIL}`,
        'with headers without end': `${OK}${'A: evil\r\n'.repeat(20_000)}`,
        'with a start line without end': `HTTP/1.1 200 ${'evil'.repeat(50_000)}`,
        'of another protocol that waits for an answer': 'SSH-2.0-OpenSSH_9.2\r\n',
        'with LF instead of CR LF': EVIL.replaceAll('\r\n', '\n'),
      };
      for (const [what, bytes] of Object.entries(NO_ANSWER)) {
        test(`G10 an answer ${what} is 502`, async () => {
          const answers = await told(bytes, 'stays open');
          const finals = answers.match(/HTTP\/1\.1 [2-9]\d\d /g) ?? [];
          assert.deepEqual(finals, ['HTTP/1.1 502 ']);
          assert.match(answers, /postern-error: ERR_TARGET_PROTOCOL\r\n/i);
          // What came before the break, a hint or two, may have left; nothing of the rest may.
          assert.equal(answers.slice(answers.indexOf('HTTP/1.1 502')).includes('evil'), false);
          await bobIsUntouched();
        });
      }

      const BROKEN: Readonly<Record<string, string>> = {
        'shorter than its length': `${OK}Content-Length: 100\r\n\r\nshort`,
        'in chunks without the last one': `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n`,
        'in chunks that are none': `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nshort\r\nzz\r\nevil`,
        'in a chunk that is cut': `${OK}Transfer-Encoding: chunked\r\n\r\nff\r\nshort`,
      };
      for (const [what, bytes] of Object.entries(BROKEN)) {
        test(`G10 a body ${what} is broken off, and never made to look whole`, async () => {
          const answers = await told(bytes, 'then closes');
          assert.ok((answers.match(/HTTP\/1\.1 /g)?.length ?? 0) <= 1); // none when it breaks in the same breath
          assert.equal(answers.includes('evil'), false);
          assert.doesNotMatch(answers, /\r\n0\r\n(?:.*\r\n)*\r\n$/);
          if (answers.startsWith('HTTP/1.1 502 ')) return bobIsUntouched(); // broken before its head had left
          const length = /content-length: (\d+)/i.exec(answers)?.[1];
          const body = answers.slice(answers.indexOf('\r\n\r\n') + 4);
          assert.ok(length === undefined || body.length < Number(length));
          await bobIsUntouched();
        });
      }

      const TOO_MUCH: readonly (readonly [what: string, bytes: string, method: string])[] = [
        ['two answers at once', `${OK}Content-Length: 4\r\n\r\ngood${EVIL}`, 'GET'],
        ['ten answers at once', `${OK}Content-Length: 4\r\n\r\ngood${EVIL.repeat(10)}`, 'GET'],
        ['more than its length', `${OK}Content-Length: 4\r\n\r\ngoodevil`, 'GET'],
        ['more behind the last chunk', `${OK}Transfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n0\r\n\r\n${EVIL}`, 'GET'],
        ['a body behind HEAD', `${OK}Content-Length: 4\r\n\r\nevil${EVIL}`, 'HEAD'],
        ['a body behind 204', `HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil${EVIL}`, 'GET'],
        ['a body behind 304', `HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nevil${EVIL}`, 'GET'],
      ];
      for (const [what, bytes, method] of TOO_MUCH) {
        test(`G10 the excess is nobody’s answer: ${what}`, async () => {
          for (let times = 0; times < 3; times++) {
            const answers = await told(bytes, 'stays open', method);
            assert.equal(answers.match(/HTTP\/1\.1 /g)?.length, 1);
            assert.equal(answers.includes('evil'), false, answers);
            await bobIsUntouched();
          }
        });
      }

      test('G10 an answer that nobody asked for, on a connection that is idle, is nobody’s', async () => {
        for (let times = 0; times < 50; times++) {
          const sent = new Promise<void>((resolve) => {
            raw.answer('/later', (socket) => {
              socket.once('close', () => resolve());
              socket.write(`${OK}Content-Length: 4\r\n\r\ngood`, () =>
                setImmediate(() => socket.write(EVIL.repeat(3))),
              );
            });
          });
          assert.equal((await ana.fetch(`${world.url}/later`)).text, 'good');
          await bobIsUntouched();
          await sent;
        }
        await bobIsUntouched();
      });
    },
  );
});
