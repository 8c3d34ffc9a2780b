/** The files of `deploy/`: each is valid by the rules of the program that reads it, and sets only options that exist. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { BlockList } from 'node:net';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { parse, parseAllDocuments } from 'yaml';
import { EXIT } from '../../../src/cli/process/exit.js';
import { loadEdgeConfig } from '../../../src/config/edge-config.js';
import { EDGE_OPTIONS } from '../../../src/config/edge-options.js';
import { MOVE_MS } from '../../../src/edge/agents/admission.js';
import { findCommand } from '../../bench/children.js';
import { haproxyMissing } from '../../support/haproxy.js';
import { runPostern } from '../../support/processes.js';
import { PROJECT_ROOT } from '../../support/project-root.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { CERTIFICATE_PATH, KEY_PATH } from '../../support/tls-front.js';

const run = promisify(execFile);
const DEPLOY = join(PROJECT_ROOT, 'deploy');
const SECRET = 'x7Jq2mVd9KpLw4TzRb6NcYh8FgSe3AuM';

function read(name: string): string {
  return readFileSync(join(DEPLOY, name), 'utf8');
}

/** Loads an edge's configuration of these variables; every secret file holds a secret. Throws for one that is not valid. */
function load(env: Readonly<Record<string, string>>) {
  return loadEdgeConfig({
    env,
    dotenv: { path: '.env', text: '' },
    flags: {},
    readSecretFile: (path) => (path.endsWith('redis-url') ? 'redis://postern:of-redis@redis' : SECRET),
  });
}

const REQUIRED_AND_SECRET = {
  ...{ POSTERN_URL: 'https://tunnel.example.com', POSTERN_OIDC_CLIENT_ID: 'example' },
  ...{ POSTERN_SECRET: SECRET, POSTERN_OIDC_CLIENT_SECRET: SECRET },
};

const REQUIRED = { POSTERN_URL: 'https://tunnel.example.com', POSTERN_OIDC_CLIENT_ID: 'example' };

interface Volume {
  readonly name: string;
  readonly persistentVolumeClaim?: object;
  readonly emptyDir?: object;
}

interface Manifest {
  readonly kind: string;
  readonly data?: Record<string, string>;
  readonly spec?: {
    readonly template?: {
      readonly spec: {
        readonly securityContext: object;
        readonly volumes?: readonly Volume[];
        readonly containers: readonly {
          readonly name: string;
          readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
          readonly command?: readonly string[];
          readonly env?: readonly { readonly name: string; readonly value?: string }[];
          readonly securityContext: object;
        }[];
      };
    };
  };
}

function manifestsOf(name: string): Manifest[] {
  return parseAllDocuments(read(name)).map((document) => {
    assert.deepEqual(document.errors, []);
    return document.toJS() as Manifest;
  });
}

/** Where the container of the edge has its volumes of a kind. */
function mountsOf(manifests: readonly Manifest[], kind: 'persistentVolumeClaim' | 'emptyDir'): string[] {
  const pods = manifests.flatMap(({ spec }) => spec?.template?.spec ?? []);
  return pods.flatMap(({ containers, volumes = [] }) => {
    const names = volumes.filter((volume) => volume[kind] !== undefined).map(({ name }) => name);
    const mounts = containers.filter(({ name }) => name === 'edge').flatMap(({ volumeMounts = [] }) => volumeMounts);
    return mounts.filter(({ name }) => names.includes(name)).map(({ mountPath }) => mountPath);
  });
}

describe('deploy/kubernetes', () => {
  const [edge, nodes] = [manifestsOf('kubernetes/edge.yaml'), manifestsOf('kubernetes/nodes.yaml')];
  const manifests = [...edge, ...nodes];

  test('has only fields that Kubernetes has, with values of their types', async () => {
    const folder = temporaryFolder('kubernetes');
    const modules: Readonly<Record<string, string>> = {
      ConfigMap: 'core/v1',
      PersistentVolumeClaim: 'core/v1',
      Service: 'core/v1',
      Deployment: 'apps/v1',
      StatefulSet: 'apps/v1',
      PodDisruptionBudget: 'policy/v1',
      NetworkPolicy: 'networking/v1',
    };
    const checked = manifests.map((manifest, at) => {
      const type = `import('kubernetes-types/${modules[manifest.kind]}.js').${manifest.kind}`;
      return `export const manifest${at}: ${type} = ${JSON.stringify(manifest)};`;
    });
    // The check can fail: here the compiler must find a fault.
    const wrong = `import('kubernetes-types/core/v1.js').Service = { spec: { ports: [{ port: 'http' }] } };`;
    checked.push('// @ts-expect-error', `export const wrong: ${wrong}`);
    const path = join(folder, 'manifests.ts');
    writeFileSync(path, checked.join('\n'));
    const options = { noEmit: true, strict: true, module: 'nodenext', skipLibCheck: true, types: [] };
    const paths = { 'kubernetes-types/*': [join(PROJECT_ROOT, 'node_modules', 'kubernetes-types', '*')] };
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: { ...options, paths } }));
    const compiler = join(PROJECT_ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const { stdout } = await run(process.execPath, [compiler, '-p', folder]).catch(
      (error: { stdout: string }) => error,
    );
    assert.equal(stdout, '');
    assert.deepEqual([...new Set(manifests.map(({ kind }) => kind))].sort(), Object.keys(modules).sort());
  });

  test('configures an edge', () => {
    const config = load(edge.find(({ kind }) => kind === 'ConfigMap')?.data ?? {});
    assert.equal(config.base.origin, 'https://tunnel.example.com');
    assert.deepEqual(config.secrets, [SECRET]);
  });

  test('gives an edge a folder that no group may open, and one for what is temporary', () => {
    // Kubernetes lets the group of the pod write to the folder of a volume (fsGroup), which an edge refuses for its state.
    const config = load(edge.find(({ kind }) => kind === 'ConfigMap')?.data ?? {});
    assert.equal(config.stateDir, join(mountsOf(edge, 'persistentVolumeClaim')[0] ?? '', 'state'));
    for (const one of [edge, nodes]) assert.deepEqual(mountsOf(one, 'emptyDir'), ['/tmp']);
  });

  test('configures edges that reach each other, and have one place for what is remembered', () => {
    const data = nodes.find(({ kind }) => kind === 'ConfigMap')?.data ?? {};
    const containers = nodes.flatMap(({ spec }) => spec?.template?.spec.containers ?? []);
    const { command, env = [] } = containers.find(({ name }) => name === 'edge') ?? {};
    const url = env.find(({ name }) => name === 'POSTERN_PEER_URL')?.value?.replace('$(POD_NAME)', 'postern-0') ?? '';
    const config = load({ ...data, POSTERN_PEER_URL: url });
    assert.equal(config.peer?.url?.host, 'postern-0.postern-peers');
    assert.ok(command?.includes('--unset=POSTERN_STATE_DIR'));
    assert.ok(config.store !== undefined);
  });

  test('gives no process more than it needs', () => {
    for (const pod of manifests.flatMap(({ spec }) => spec?.template?.spec ?? [])) {
      const id = pod.containers.some(({ name }) => name === 'redis') ? 999 : 65532;
      assert.deepEqual(pod.securityContext, {
        ...{ runAsNonRoot: true, runAsUser: id, runAsGroup: id, fsGroup: id },
        ...{ fsGroupChangePolicy: 'OnRootMismatch', seccompProfile: { type: 'RuntimeDefault' } },
      });
      for (const container of pod.containers)
        assert.deepEqual(container.securityContext, {
          ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
        });
    }
  });
});

interface Service {
  readonly entrypoint?: readonly string[];
  readonly environment?: Record<string, string>;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly privileged?: boolean;
  readonly tmpfs?: readonly string[];
  readonly volumes?: readonly string[];
  readonly secrets?: readonly string[];
  readonly networks?: readonly string[] | Readonly<Record<string, { readonly ipv4_address?: string }>>;
}

interface AddressRange {
  readonly subnet: string;
  readonly gateway: string;
  readonly ip_range: string;
}

interface Composition {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks?: Readonly<Record<string, { readonly ipam?: { readonly config: readonly AddressRange[] } } | null>>;
}

/** The accounts of the images, by the service; any other is an edge. */
const ACCOUNTS: Readonly<Record<string, number>> = { redis: 999, haproxy: 99 };

function contains(range: string, address: string): boolean {
  const [start = '', bits = ''] = range.split('/');
  const list = new BlockList();
  list.addSubnet(start, Number(bits));
  return list.check(address);
}

/** The fixed addresses of a service, by its networks. */
function fixedAddresses({ networks = [] }: Service): [network: string, address: string][] {
  const all = Object.entries(networks as Readonly<Record<string, { readonly ipv4_address?: string }>>);
  return all.flatMap(([network, { ipv4_address: address }]) => (address === undefined ? [] : [[network, address]]));
}

for (const name of ['compose.yaml', 'compose.caddy.yaml', 'compose.redis.yaml', 'compose.nodes.yaml']) {
  describe(`deploy/${name}`, () => {
    const { services, networks = {} } = parse(read(name), { merge: true }) as Composition;
    const edges = Object.entries(services).filter(([service]) => service.startsWith('edge'));

    test('configures each edge', () => {
      for (const [, { environment }] of edges)
        assert.deepEqual(load({ ...REQUIRED, ...environment }).secrets, [SECRET]);
      assert.equal(edges.length, name === 'compose.nodes.yaml' ? 3 : 1);
    });

    test('has one place for what is remembered', () => {
      for (const [, { entrypoint = [], environment }] of edges) {
        const ofImage = entrypoint.includes('--unset=POSTERN_STATE_DIR') ? {} : { POSTERN_STATE_DIR: '/of/the/image' };
        const config = load({ ...REQUIRED, ...ofImage, ...environment });
        assert.equal(config.store === undefined, config.stateDir !== undefined);
      }
    });

    test('tells the edges where each of them is', () => {
      const urls = edges.map(([, { environment }]) => environment?.['POSTERN_PEER_URL']);
      assert.deepEqual(urls, edges.length === 1 ? [undefined] : edges.map(([service]) => `https://${service}:7443`));
    });

    test('keeps fixed addresses apart from those that others get', () => {
      for (const [network, address] of Object.values(services).flatMap(fixedAddresses)) {
        const { subnet = '', gateway, ip_range = '' } = networks[network]?.ipam?.config[0] ?? {};
        assert.ok(address !== gateway && contains(subnet, address) && !contains(ip_range, address), address);
        assert.ok(contains(subnet, ip_range.split('/')[0] ?? ''), ip_range);
      }
    });

    test('says to which account each secret belongs: Compose shows the files as they are', () => {
      const owned = [...read(name).matchAll(/chown (\d+) ([^\n&]+)/g)].flatMap(([, account, files = '']) =>
        files
          .trim()
          .split(' ')
          .map((file) => `${account} ${file}`),
      );
      const wanted = Object.entries(services).flatMap(([service, { secrets = [] }]) =>
        secrets.map((secret) => `${ACCOUNTS[service] ?? 65532} ${secret}`),
      );
      assert.deepEqual(owned.sort(), [...new Set(wanted)].sort());
    });

    test('lets an edge write where its workers need it', () => {
      for (const [, { tmpfs }] of edges) assert.deepEqual(tmpfs, ['/tmp']);
    });

    test('mounts only files that are here', () => {
      const mounted = Object.values(services).flatMap(({ volumes = [] }) => volumes);
      const files = mounted.map((volume) => volume.split(':')[0] ?? '').filter((file) => file.startsWith('./'));
      for (const file of files) assert.ok(existsSync(join(DEPLOY, file)), file);
    });

    test('gives no process more than it needs', () => {
      for (const [service, { read_only, cap_drop, security_opt, privileged }] of Object.entries(services)) {
        const expected = [true, ['ALL'], ['no-new-privileges:true'], undefined];
        assert.deepEqual([read_only, cap_drop, security_opt, privileged], expected, service);
      }
    });
  });
}

describe('deploy/Caddyfile', () => {
  test('is what docs/reverse-proxies.md has, for the edge of compose.caddy.yaml', () => {
    const document = readFileSync(join(PROJECT_ROOT, 'docs', 'reverse-proxies.md'), 'utf8');
    const block = /```caddyfile\n(.*?)```/s.exec(document)?.[1];
    assert.equal(read('Caddyfile').replace(/^#.*\n/gm, ''), block?.replaceAll('127.0.0.1', 'edge'));
    const { services } = parse(read('compose.caddy.yaml')) as Composition;
    const { listen, adminListen } = load({ ...REQUIRED, ...services['edge']?.environment });
    assert.deepEqual([listen[0]?.text, adminListen], ['0.0.0.0:8080', { host: '0.0.0.0', port: 9090 }]);
  });
});

describe('deploy/haproxy.cfg', { skip: haproxyMissing() }, () => {
  test('is valid, and leads to the edges of compose.nodes.yaml', async () => {
    const folder = temporaryFolder('haproxy');
    const pem = join(folder, 'tunnel.pem');
    writeFileSync(pem, readFileSync(CERTIFICATE_PATH, 'utf8') + readFileSync(KEY_PATH, 'utf8'));
    const path = join(folder, 'haproxy.cfg');
    const text = read('haproxy.cfg');
    writeFileSync(path, text.replace('/run/secrets/tunnel.pem', pem));
    const { stderr } = await run(findCommand('haproxy') ?? '', ['-c', '-f', path]).catch(
      (error: { stderr: string }) => error,
    );
    assert.ok(!/\[(?:ALERT|WARNING)\]/.test(stderr), stderr);
    const servers = [...text.matchAll(/^ +server (\S+) (\S+)$/gm)].map(([, name, address]) => [name, address]);
    assert.deepEqual(
      servers,
      ['edge-1', 'edge-2', 'edge-3'].map((name) => [name, `${name}:8080`]),
    );
  });
});

describe('deploy/Dockerfile', () => {
  const lines = read('Dockerfile').replaceAll('\\\n', ' ').split('\n');
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));

  test('runs the command as an account that owns nothing', () => {
    assert.ok(last.includes('USER 65532:65532'));
    assert.deepEqual(
      last.filter((line) => /^(?:ENTRYPOINT|CMD)/.test(line)),
      ['ENTRYPOINT ["postern"]', 'CMD ["edge"]'],
    );
  });

  test('sets only options that exist', () => {
    const names = last.flatMap((line) =>
      [...line.matchAll(/\b(POSTERN_\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
    );
    const known = new Set<string>(Object.values(EDGE_OPTIONS).map(({ env }) => env));
    assert.deepEqual(
      names.filter(([name = '']) => !known.has(name)),
      [],
    );
    assert.ok(names.length > 0);
  });

  test('checks the health of an edge that listens where it does by itself', () => {
    const check = last.find((line) => line.includes('/healthz')) ?? '';
    assert.ok(check.includes(`http://${EDGE_OPTIONS.admin_listen.default}/healthz`), check);
  });
});

describe('deploy/systemd', {
  skip:
    findCommand('systemd-analyze') === undefined
      ? 'no systemd-analyze here: "apt-get install systemd" brings it'
      : false,
}, () => {
  for (const name of ['postern-edge.service', 'postern-agent@.service']) {
    test(`${name} is valid`, async () => {
      const { stderr } = await run('systemd-analyze', ['verify', unit(name)]).catch(
        (error: { stderr: string }) => error,
      );
      assert.equal(stderr, '');
    });
  }

  test('postern-edge.service exposes next to nothing of the system', async () => {
    const limits = ['security', '--offline=true', '--threshold=20', '--no-pager'];
    const { stdout } = await run('systemd-analyze', [...limits, unit('postern-edge.service')]);
    assert.match(stdout, /Overall exposure level for postern-edge.service: 1\.\d OK/);
  });

  // An edge without options and an agent without a sign-in: the reason is theirs, and a restart would meet it again.
  for (const [name, args, env, code] of [
    ['postern-edge.service', ['edge'], {}, EXIT.usage],
    ['postern-agent@.service', ['http', 'no target'], {}, EXIT.usage],
    ['postern-agent@.service', ['http', '3000'], { POSTERN_EDGE: 'https://tunnel.example.com' }, EXIT.refused],
  ] as const)
    test(`${name} is not started again after "postern ${args.join(' ')}" has ended with ${code}`, async () => {
      const folder = temporaryFolder('nobody');
      const { exit } = await runPostern(args, { ...env, HOME: folder, XDG_CONFIG_HOME: folder });
      assert.equal(exit.code, code);
      const prevented = /^RestartPreventExitStatus=(.*)$/m.exec(read(`systemd/${name}`))?.[1] ?? '';
      assert.ok(prevented.split(' ').includes(String(code)), prevented);
    });

  test('postern-edge.service gives an edge of several machines the time to end that Compose gives it', () => {
    const seconds = (name: string, pattern: RegExp) => Number(pattern.exec(read(name))?.[1]);
    const compose = seconds('compose.nodes.yaml', /^ +stop_grace_period: (\d+)s$/m);
    assert.ok(seconds('systemd/postern-edge.service', /^TimeoutStopSec=(\d+)$/m) >= compose);
    assert.ok(compose > (load(REQUIRED_AND_SECRET).drainMs + MOVE_MS) / 1_000);
  });

  test('postern-edge.service configures an edge', () => {
    const settings = read('systemd/postern-edge.service').matchAll(/^Environment=(\w+)=(.*)$/gm);
    const env = Object.fromEntries(
      [...settings].map(([, name = '', value = '']) => [name, value.replace(/%[dS]/, '/tmp')]),
    );
    assert.deepEqual(load({ ...REQUIRED, ...env }).secrets, [SECRET]);
  });
});

// The program need not be installed where the file is checked.
function unit(name: string): string {
  const path = join(temporaryFolder('systemd'), basename(name));
  copyFileSync(join(DEPLOY, 'systemd', name), path);
  writeFileSync(path, readFileSync(path, 'utf8').replace('/usr/local/bin/postern', '/bin/true'));
  return path;
}
