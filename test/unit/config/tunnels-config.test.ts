import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError } from '../../../src/config/config-error.js';
import { loadTunnelsConfig, type TunnelsSources } from '../../../src/config/tunnels-config.js';

const ENV = { POSTERN_EDGE: 'https://tunnel.acme.com', POSTERN_TOKEN: 'postern_token' };

const OWN = `
edge: https://own.acme.com
tunnels:
  web: { target: 5173 }
  docs: { target: 4000, allow: ["@acme.com"] }
groups:
  day: [docs, web]
`;

const PROJECT = `
tunnels:
  shop:
    target: 3000
    mounts: { /api: 8080, /ws: "unix:/run/ws.sock" }
    public_paths: [POST /hooks/*]
  web: { target: 3001 }
`;

function load(files: { own?: string; project?: string; env?: TunnelsSources['env'] }, ...names: string[]) {
  const { own, project, env = ENV } = files;
  return loadTunnelsConfig(
    {
      env,
      flags: {},
      ...(own !== undefined && { file: { path: '/home/ana/config.yaml', text: own } }),
      ...(project !== undefined && { project: { path: 'postern.yaml', text: project } }),
    },
    names,
  );
}

function problemsOf(files: Parameters<typeof load>[0], ...names: string[]): readonly string[] {
  try {
    load(files, ...names);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const namesOf = (configs: ReturnType<typeof load>) => configs.map(({ name, target }) => `${name} ${target.port}`);

describe('loadTunnelsConfig', () => {
  it('chooses all tunnels of the nearer file, or those of either by name and group, each once', () => {
    assert.deepEqual(namesOf(load({ own: OWN })), ['web 5173', 'docs 4000']);
    assert.deepEqual(namesOf(load({ own: OWN, project: PROJECT })), ['shop 3000', 'web 3001']);
    assert.deepEqual(namesOf(load({ own: OWN, project: PROJECT }, 'docs', 'web')), ['docs 4000', 'web 3001']);
    assert.deepEqual(namesOf(load({ own: OWN }, 'day', 'web')), ['docs 4000', 'web 5173']);
    assert.deepEqual(namesOf(load({ own: 'edge: https://own.acme.com', project: PROJECT }, 'shop')), ['shop 3000']);
  });

  it('reads every option of a tunnel, and of each the edge and the token', () => {
    const [shop] = load({ own: OWN, project: PROJECT, env: { POSTERN_TOKEN: 'postern_token' } });
    assert.equal(shop?.edge, 'https://own.acme.com');
    assert.deepEqual(Object.entries(shop.mounts ?? {}).map(String), [
      '/api,http://localhost:8080/',
      '/ws,unix:/run/ws.sock',
    ]);
    assert.deepEqual(shop.publicPaths, ['POST /hooks/*']);
  });

  for (const [what, files, problem] of [
    [
      'a key that is mistyped',
      { own: 'tunnels:\n  web: { target: 1, alow: x }' },
      'alow in tunnel "web" in /home/ana/config.yaml:2:21 is not an option of Postern; did you mean "allow"?',
    ],
    [
      'a key of the top',
      { own: 'tunels: {}\ntunnels: { web: { target: 1 } }' },
      'tunels in /home/ana/config.yaml:1:1 is not an option of Postern; did you mean "tunnels"?',
    ],
    [
      'a wrong value of a tunnel that is not started',
      { own: `${OWN}  x: 1\n`, project: 'tunnels:\n  web:\n    target: 5173/x' },
      'target in tunnel "web" in postern.yaml:3:5: "5173/x" is not a target',
    ],
    [
      'a group of no tunnel',
      { own: 'tunnels: { docs: { target: 1 } }\ngroups:\n  day: [dosc]' },
      'group "day" in /home/ana/config.yaml:3:3: "dosc" is no tunnel of this file; did you mean "docs"?',
    ],
    [
      'a group with the name of a tunnel',
      { own: 'tunnels: { docs: { target: 1 } }\ngroups: { docs: [docs] }' },
      'a tunnel has this name',
    ],
    ['a mount of no path', { own: 'tunnels: { web: { target: 1, mounts: { api: 2 } } }' }, '"api=2" is not a mount'],
    [
      'mounts in two spellings',
      { own: 'tunnels: { web: { target: 1, mounts: { /a: 2 }, mount: /b=2 } }' },
      'are the same: expected one',
    ],
    ['no target', { own: 'tunnels:\n  web: {}' }, 'target of tunnel "web" in /home/ana/config.yaml:2:3 is empty'],
    ['no YAML', { own: 'tunnels: [' }, '/home/ana/config.yaml:1:'],
    ['no tunnel', { own: 'edge: https://a.test' }, 'there is no tunnel to start'],
  ] as const)
    it(`says where ${what} is`, () => {
      const problems = problemsOf(files);
      assert.ok(
        problems.some((text) => text.includes(problem)),
        problems.join('\n'),
      );
    });

  it('says what a name may mean', () => {
    assert.deepEqual(problemsOf({ own: OWN }, 'dosc'), [
      '"dosc" is neither a tunnel nor a group; did you mean "docs"?',
    ]);
  });

  it('K7 takes from the file of a folder neither edge nor token, nor what is started', () => {
    const own = 'edge: https://evil.test\ntoken_file: t\ntunnels: { web: { target: 1, on_knock: ./evil } }';
    const problems = problemsOf({ project: own });
    for (const key of ['edge', 'token_file', 'on_knock'])
      assert.ok(
        problems.some((text) => text.startsWith(`${key} in `) && text.includes('your own file')),
        key,
      );
    assert.equal(problems.length, 3);
  });
});
