import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import stringWidth from 'string-width';
import { createLog } from '../../../../src/cli/output/logging.js';
import { edgeBlock, readableLine } from '../../../../src/cli/output/readable-log.js';
import { loadEdgeConfig } from '../../../../src/config/edge-config.js';
import type { Log } from '../../../../src/core/log.js';

const HOSTILE = '\x1b]0;owned\x07\r\n\x9b2J\u202e';

function shown(tell: (log: Log) => void, columns = 80, coloured = false): string {
  let text = '';
  const write = (line: string) => {
    text += readableLine(line, { coloured, columns: () => columns });
  };
  tell(createLog({ write }, { level: 'info' }));
  return text;
}

describe('readableLine', () => {
  it('shows a request as one line, what matters first, within the columns', () => {
    const fields = { requestId: 'r', host: 'demo.acme.com', address: '::1', method: 'GET', path: '/x', status: 200 };
    const line = shown((log) => log.info({ ...fields, durationMs: 12 }, 'request'), 100);
    assert.match(line, /^\d\d:\d\d:\d\d info {2}request 200 GET demo\.acme\.com \/x requestId=r .*\n$/);
    for (const columns of [40, 60, 80]) {
      const cut = shown((log) => log.info({ ...fields, path: `/${'日本'.repeat(100)}` }, 'request'), columns);
      assert.ok(stringWidth(cut.trimEnd()) <= columns, cut);
    }
  });

  it('shows a warning in full, with the message of an error but not its stack', () => {
    const line = shown((log) => log.warn({ err: new Error('why '.repeat(50)) }, 'refused'));
    assert.ok(line.includes('why '.repeat(50).trimEnd()));
    assert.ok(!line.includes('    at '));
  });

  it('writes nothing from outside that could act on the terminal', () => {
    const line = shown((log) => log.warn({ path: HOSTILE, [HOSTILE]: HOSTILE, host: HOSTILE }, HOSTILE), 1_000);
    assert.doesNotMatch(line.slice(0, -1), /[\p{C}\p{Zl}\p{Zp}]/u);
  });

  it('writes colours only when allowed', () => {
    const tell = (log: Log) => log.error({}, 'x');
    assert.ok(!shown(tell).includes('\x1b'));
    assert.ok(shown(tell, 80, true).includes('\x1b['));
  });
});

describe('edgeBlock', () => {
  it('shows what to register at the provider, and how to make a token, or where accounts sign agents in, how they do', () => {
    const env = {
      POSTERN_URL: 'https://tunnel.acme.com',
      POSTERN_SECRET: 'a secret of thirty-two bytes or more',
      POSTERN_OIDC_CLIENT_ID: 'id',
      POSTERN_OIDC_CLIENT_SECRET: 'hush',
      POSTERN_ADMIN_LISTEN: '[::1]:9090',
    };
    const text = edgeBlock(loadEdgeConfig({ env, flags: {} }), {
      addresses: ['127.0.0.1:8080', 'unix:/run/postern.sock'],
      adminPort: 9090,
    });
    for (const part of [
      'https://tunnel.acme.com/oauth2/callback',
      'postern token create',
      'http://[::1]:9090/healthz',
      'http://[::1]:9090/metrics',
    ])
      assert.ok(text.includes(part), text);
    const withAgents = loadEdgeConfig({ env: { ...env, POSTERN_AGENTS: '@acme.com' }, flags: {} });
    const signIn = edgeBlock(withAgents, { addresses: ['127.0.0.1:8080'], adminPort: 9090 });
    assert.ok(signIn.includes('postern login https://tunnel.acme.com\n') && !signIn.includes('token create'), signIn);
  });
});
