import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { runInNewContext } from 'node:vm';
import type { CopiedRequest } from '../../../../src/agent/inspector/copied-request.js';
import { COPY_TEXTS } from '../../../../src/agent/inspector/copy-texts.js';
import { inspected } from './inspected.js';

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

// What ends a quotation, a line, a paste or a command, where it is not held.
const HOSTILE = [
  `it's "quoted" \\ and \`id\` $(id) \${HOME} !! %PATH%`,
  "'; touch pwned; '",
  '@/etc/passwd',
  'line one\nline two\r\nline three\n',
  '\u001b[201~\ntouch pwned\n',
  '\u009b31m \u0007 \t tab',
  '-o pwned --next',
  'ü “smart” ‘quotes’ 日本',
  '[1-9] {a,b} ?x=1&y=2#z',
  'a\\',
];

function split(text: string): [string, string | undefined] {
  const end = text.indexOf('\r\n\r\n');
  return end < 0 ? [text, undefined] : [text.slice(0, end), text.slice(end + 4)];
}

describe('a request as text to copy', () => {
  const seen: Seen[] = [];
  // Not that of Node, which knows a list of methods.
  const server = net.createServer((socket) => {
    let received = '';
    socket.setEncoding('latin1').on('data', (piece: string) => {
      received += piece;
      const [head = '', body] = split(received);
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (body === undefined || body.length < length) return;
      const [line = '', ...fields] = head.split('\r\n');
      const [, method, url] = /^(\S+) (\S+) HTTP/.exec(line) ?? [];
      const pairs = fields.map((field) => [
        field.slice(0, field.indexOf(':')).toLowerCase(),
        field.slice(field.indexOf(':') + 1).trim(),
      ]);
      seen.push({
        method,
        url,
        headers: Object.fromEntries(pairs),
        body: Buffer.from(body, 'latin1').toString('utf8'),
      });
      socket.end('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n');
    });
  });
  let base = '';

  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  const request = (changes: Partial<CopiedRequest>): CopiedRequest => {
    const path = changes.path ?? '/';
    return { method: 'POST', url: base + path, path, socketPath: undefined, headers: [], body: undefined, ...changes };
  };
  const bodyOf = (text: string) => {
    const isPlain = !/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(text);
    return { bytes: Buffer.from(text), text: isPlain ? text : undefined };
  };
  const bash = async (script: string) =>
    promisify(execFile)('bash', ['-c', script], { cwd: '/', env: { PATH: process.env['PATH'], HOME: '/nonexistent' } });

  test('K15 arrives in bash as it was, whatever it holds, and runs nothing else', async () => {
    for (const text of HOSTILE) {
      seen.length = 0;
      const header = text.replace(/[\r\n\u0007\u001b\u009b]/g, ' ').trim();
      const path = `/a/../b/${encodeURI(text).replaceAll('#', '%23')}?q='[1-9]'{a,b}`;
      const method = "PO'ST";
      const text_ = COPY_TEXTS.curl(
        request({
          method,
          path,
          headers: [
            ['x-a', header],
            ['x-empty', ''],
          ],
          body: bodyOf(text),
        }),
      );
      assert.ok(
        !/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(text_),
        'nothing that a terminal acts on when it is pasted',
      );
      const { stderr } = await bash(`${text_} --silent --show-error --max-time 10`);
      assert.equal(stderr, '');
      const [got] = seen;
      assert.deepEqual(
        [seen.length, got?.method, got?.url, got?.headers['x-empty'], got?.body],
        [1, method, path, '', text],
      );
      assert.equal(Buffer.from(String(got?.headers['x-a']), 'latin1').toString(), header);
    }
  });

  test('K15 cannot turn a method into an option, a header into a file, or a body into a file', async () => {
    seen.length = 0;
    const headers = [['x-file', '@/etc/passwd']] as const;
    await bash(
      `${COPY_TEXTS.curl(request({ method: '-oX', headers, body: bodyOf('@/etc/passwd') }))} --silent --max-time 10`,
    );
    assert.deepEqual(
      seen.map(({ method, headers: got, body }) => [method, got['x-file'], body]),
      [['-oX', '@/etc/passwd', '@/etc/passwd']],
    );
  });

  test('K15 is one call of fetch, whatever it holds', async () => {
    for (const text of HOSTILE) {
      const header = text.replace(/[\r\n]/g, ' ');
      const source = COPY_TEXTS.fetch(request({ path: '/x', headers: [['x-a', header]], body: bodyOf(text) }));
      assert.ok(!source.includes('<'));
      const calls: { url: string; init: { method: string; headers: string[][]; body: string | Uint8Array } }[] = [];
      const fetch = (url: string, init: (typeof calls)[0]['init']) => calls.push({ url, init });
      await runInNewContext(`(async () => { ${source} })()`, { fetch, atob, Uint8Array });
      const [only] = calls;
      assert.deepEqual([calls.length, only?.url, only?.init.headers[0]?.[1]], [1, `${base}/x`, header]);
      assert.equal(
        typeof only?.init.body === 'string' ? only.init.body : Buffer.from(only?.init.body ?? []).toString(),
        text,
      );
    }
  });

  test('K15 quotes for PowerShell, which takes typographic quotation marks for its own', () => {
    const text = COPY_TEXTS.powershell(
      request({
        headers: [
          ['x-a', "it's ‘it’"],
          ['cookie', 'a=1'],
          ['cookie', 'b=2'],
        ],
        body: bodyOf("x'; rm"),
      }),
    );
    assert.ok(text.includes("'x-a' = 'it''s ‘‘it’’'"));
    assert.ok(text.includes("'cookie' = 'a=1; b=2'"));
    assert.ok(!text.includes('rm'), 'a body is in base64');
  });

  test('is the message itself as raw text', () => {
    const raw = COPY_TEXTS.raw(request({ path: '/x', headers: [['x-a', 'b']], body: bodyOf('hi') }));
    assert.equal(raw, `POST /x HTTP/1.1\r\nHost: ${new URL(base).host}\r\nx-a: b\r\nContent-Length: 2\r\n\r\nhi`);
  });

  test('goes to the server that is mounted at its path', async (t) => {
    const targetOf = (path: string) => (path.startsWith('/api/') ? 'unix:/run/app%20socket' : 'http://localhost:5173');
    const { visit, rows, call } = await inspected(t, (_incoming, response) => response.end(), { targetOf });
    for (const path of ['/api/x', '/y']) await visit({ path });
    const texts = (await rows()).map(async ({ id }) => {
      return (await call('POST', `/api/exchanges/${id}/text`, { as: 'curl', secrets: false })).json.text as string;
    });
    const [other = '', mounted = ''] = await Promise.all(texts);
    assert.ok(other.includes("--url 'http://localhost:5173/y'"), other);
    assert.ok(mounted.includes("--url 'http://localhost/api/x' \\\n  --unix-socket '/run/app socket'"), mounted);
  });

  test('has the secrets only where they were asked for', async (t) => {
    const { visit, rows, call } = await inspected(t, (incoming, response) =>
      incoming.resume().on('end', () => response.end()),
    );
    const headers = ['cookie', 'sid=abc', 'content-type', 'application/json', 'content-length', '17'];
    await visit({ method: 'POST', path: '/p?token=abc', headers, body: '{"password":"pw"}' });
    const id = (await rows())[0]?.id;
    for (const as of ['curl', 'powershell', 'fetch', 'raw']) {
      const textOf = async (secrets: boolean) =>
        (await call('POST', `/api/exchanges/${id}/text`, { as, secrets })).json.text;
      assert.ok(!/abc|pw/.test(await textOf(false)), as);
      assert.ok(/abc/.test(await textOf(true)), as);
    }
    assert.equal((await call('POST', `/api/exchanges/${id}/text`, { as: 'toString', secrets: false })).status, 400);
  });
});
