import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError } from '../../../src/config/config-error.js';
import { loadDoctorConfig } from '../../../src/config/doctor-config.js';

const own = `edge: https://tunnel.test
tunnels:
  web: { target: 5173, mounts: { /api: 8080 } }
  docs: { target: 3000 }
groups: { all: [web, docs] }
`;

function load(target: string, project?: string) {
  return loadDoctorConfig({
    env: { POSTERN_TOKEN: 'token' },
    flags: { target },
    file: { path: 'config.yaml', text: own },
    ...(project !== undefined && { project: { path: 'postern.yaml', text: project } }),
    readSecretFile: () => '',
  });
}

const seen = (configs: ReturnType<typeof load>) =>
  configs.map(({ name, target, mounts }) => [name, target?.port, Object.keys(mounts)]);

describe('loadDoctorConfig', () => {
  it('has one configuration for a tunnel, with its mounts, and one for each tunnel of a group', () => {
    assert.deepEqual(seen(load('web')), [['web', '5173', ['/api']]]);
    assert.deepEqual(seen(load('all')), [
      ['web', '5173', ['/api']],
      ['docs', '3000', []],
    ]);
    assert.deepEqual(seen(load('9000')), [[undefined, '9000', []]]);
  });

  it('looks into the file of the folder first, as "postern start" does', () => {
    const project = 'tunnels: { web: { target: 4000 }, shop: { target: 4001 } }\ngroups: { day: [shop, web] }\n';
    assert.deepEqual(seen(load('web', project)), [['web', '4000', []]]);
    assert.deepEqual(seen(load('day', project)), [
      ['shop', '4001', []],
      ['web', '4000', []],
    ]);
    assert.deepEqual(seen(load('docs', project)), [['docs', '3000', []]]);
    assert.throws(() => load('dya', project), ConfigError);
  });
});
