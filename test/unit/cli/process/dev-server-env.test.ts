import assert from 'node:assert/strict';
import { it } from 'node:test';
import { devServerEnv } from '../../../../src/cli/process/dev-server-env.js';

it('a development server gets our environment without the token, and what makes it accept the public host', () => {
  const ours = { PATH: '/bin', POSTERN_TOKEN: 't', POSTERN_TOKEN_FILE: '/t', RAILS_DEVELOPMENT_HOSTS: 'own.test' };
  assert.deepEqual(devServerEnv(ours, { host: 'demo.acme.com', port: undefined, isColoured: false }), {
    PATH: '/bin',
    RAILS_DEVELOPMENT_HOSTS: 'own.test',
    __VITE_ADDITIONAL_SERVER_ALLOWED_HOSTS: 'demo.acme.com',
    WDS_SOCKET_PORT: '0',
  });
  const { PORT, FORCE_COLOR } = devServerEnv({}, { host: '.acme.com', port: 4321, isColoured: true });
  assert.deepEqual([PORT, FORCE_COLOR], ['4321', '1']);
});
