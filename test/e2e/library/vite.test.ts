/**
 * `postern/vite` in the real Vite, today's and the last major: the command prints the URL beside its own, HMR works through
 * the gate on a domain that Vite does not know, and the tunnel follows the server.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { appFolder } from '../../support/app-folder.js';
import { MAX_WAIT_MS } from '../../support/ceiling.js';
import { inWorld } from '../../support/in-world.js';
import { compiled, Program } from '../../support/processes.js';
import { CERTIFICATE_PATH } from '../../support/tls-front.js';

const VERSIONS = { 'Vite 8': 'vite', 'Vite 7': 'vite7' } as const;

const FILES = {
  'package.json': '{ "name": "shop", "type": "module" }',
  'index.html': '<!doctype html><h1>Shop</h1><script type="module" src="/main.js"></script>',
  'main.js': 'import.meta.hot.accept("./words.js"); import "./words.js";',
  'words.js': 'export const words = "first";',
};

/** Says when files are watched: a change before that is missed. */
const configOf = (options: string, more = '') => `import { postern } from 'postern/vite';
const watching = ({ watcher }) => void watcher.on('ready', () => console.log('watching'));
export default { plugins: [postern(${options}), { name: 'told', configureServer: watching }], ${more} };
`;

describe('the plugin for Vite', () => {
  const { world } = inWorld({ domain: 'tunnel.test', as: 'ana' });

  /** The command `vite` in a folder of its own, as a developer starts it. */
  async function startVite(version: keyof typeof VERSIONS, name: string, env: Record<string, string> = {}) {
    const options = `{ name: '${name}', allow: ['@acme.com'] }`;
    const config = configOf(options, "server: { host: '127.0.0.1', port: 0 }");
    const folder = appFolder({ files: { ...FILES, 'vite.config.js': config }, packages: { vite: VERSIONS[version] } });
    const program = new Program({
      name: version,
      script: join(folder, 'node_modules', 'vite', 'bin', 'vite.js'),
      nodeArgs: ['--import', compiled('./loopback-dns.js')],
      env: {
        NODE_EXTRA_CA_CERTS: CERTIFICATE_PATH,
        POSTERN_EDGE: world.base,
        POSTERN_TOKEN: await world.token(),
        ...env,
      },
      cwd: folder,
    });
    return { folder, program, config };
  }

  const timesUp = (name: string) =>
    world.audit().filter((line) => line['event'] === 'tunnel-up' && line['tunnel'] === name).length;
  const plain = (line: string) => stripVTControlCharacters(line);
  const isShared = (line: string) => plain(line).includes('➜  Shared:');

  for (const version of ['Vite 8', 'Vite 7'] as const) {
    test(`${version}: prints the URL beside its own, and serves pages and HMR behind the gate`, async (t) => {
      const name = `dev-${version.replace(' ', '').toLowerCase()}`;
      const url = world.urlOf(name);
      const { folder, program, config } = await startVite(version, name);
      t.after(() => program.kill());
      const line = plain(await program.line(isShared));
      assert.equal(line, `  ➜  Shared:  ${url}/  for @acme.com`);
      const lines = program.stdout.split('\n').map(plain);
      const at = lines.indexOf(line);
      assert.match(lines.slice(Math.max(0, at - 2), at).join('\n'), /➜ {2}Local: {3}http:/);

      assert.equal((await world.visitor().fetch(`${url}/main.js`)).status, 401);
      const ana = await world.signedIn('ana', `${url}/`);
      assert.match((await ana.navigate(`${url}/`)).text, /<h1>Shop<\/h1>/);
      const modules = await Promise.all(
        ['/@vite/client', '/main.js', '/words.js'].map((path) => ana.fetch(url + path)),
      );
      const token = /wsToken = "([\w-]+)"/.exec(modules[0]?.text ?? '')?.[1];
      assert.ok(token !== undefined, 'the client of HMR has no token');
      const socket = await ana.socket(`${url}/?token=${token}`, { protocols: ['vite-hmr'], origin: url });
      const messages: string[] = [];
      const signal = AbortSignal.timeout(MAX_WAIT_MS);
      socket.on('message', (data) => messages.push(String(data)));
      const told = async (part: string) => {
        while (!messages.some((message) => message.includes(part))) await once(socket, 'message', { signal });
      };
      await program.line((text) => text === 'watching');
      writeFileSync(join(folder, 'words.js'), 'export const words = "second";');
      await told('"/words.js"');
      assert.match((await ana.fetch(`${url}/words.js`)).text, /second/);

      // The server restarts at another place: the tunnel is the same, and there is one.
      const before = program.mark();
      writeFileSync(join(folder, 'vite.config.js'), `${config}// changed\n`);
      await program.line((text) => text.includes('server restarted'), before);
      await program.line((text) => text === 'watching', before);
      assert.match((await ana.navigate(`${url}/`)).text, /<h1>Shop<\/h1>/);
      await world.edge.line(() => timesUp(name) > 0);
      assert.equal(timesUp(name), 1);
      // Other options are another tunnel, on the same name.
      writeFileSync(join(folder, 'vite.config.js'), config.replace('@acme.com', 'ana@acme.com'));
      await program.line((text) => plain(text).endsWith(`${url}/  for ana@acme.com`));
      assert.equal((await (await world.signedIn('ana', `${url}/`)).navigate(`${url}/`)).status, 200);
      assert.equal((await world.visitor().signIn(`${url}/`, 'bob')).status, 403);
      program.signal('SIGTERM');
      await program.exited;
      assert.equal((await ana.fetch(`${url}/`)).headers['postern-error'], 'ERR_TUNNEL_OFFLINE');
    });
  }

  test('warns and goes on where the edge cannot be reached', async (t) => {
    const { program } = await startVite('Vite 8', 'dev-alone', { POSTERN_EDGE: 'http://localhost:9' });
    t.after(() => program.kill());
    const local = await program.line((line) => plain(line).includes('➜  Local:'));
    await program.complaint('(ERR_LINK_LOST); trying again');
    const [address = ''] = /http:\S+/.exec(plain(local)) ?? [];
    assert.match(await (await fetch(address)).text(), /<h1>Shop<\/h1>/);
  });
});
