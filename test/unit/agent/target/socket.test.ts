/** A unix socket as the target. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readTargetAddress } from '../../../../src/agent/target/address.js';
import { Target } from '../../../../src/agent/target/target.js';
import { readTarget } from '../../../../src/agent/target-settings.js';
import { silentLog } from '../../../../src/core/log.js';
import { PosternError } from '../../../../src/errors.js';
import { FakeInbound } from '../fake-inbound.js';

describe('a unix socket as the target', () => {
  it('receives localhost as its Host, and is named in the hint when it is missing', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'postern socket %-'));
    const path = join(folder, 'app.sock');
    const hints: string[] = [];
    const target = new Target(readTargetAddress(readTarget(`unix:${path}`), 'rewrite'), {
      log: silentLog,
      record: () => {},
      hint: (text) => hints.push(text),
    });
    const server = http.createServer((request, response) => response.end(`${request.headers.host} ${request.url}`));
    t.after(() => {
      target.close();
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true });
    });
    await target.probe();
    assert.equal(hints[0]?.includes(`there is no socket unix:${path}`), true);
    server.listen(path);
    await once(server, 'listening');
    const stream = new FakeInbound({ path: '/a?b' });
    target.serve(stream);
    assert.equal((await stream.answer()).body, 'localhost /a?b');
  });

  it('may be a path relative to the working directory', () => {
    assert.equal(readTargetAddress(readTarget('unix:./app.sock'), 'rewrite').socketPath, './app.sock');
  });

  it('must be a path only', () => {
    for (const text of ['unix:', 'unix://host/x'])
      assert.throws(() => readTarget(text), { code: 'ERR_CONFIG_INVALID' }, text);
    assert.throws(
      () => readTargetAddress(new URL('unix:/x?y'), 'rewrite'),
      (error) => error instanceof PosternError && error.code === 'ERR_CONFIG_INVALID',
    );
  });
});
