/**
 * `npm run verify`: every test on this machine, the browser's included. Chromium is installed with apt when it is
 * missing and this may be done (root on Debian); otherwise the browser tests are skipped, and said so. The exit code
 * is that of the tests.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// The first is the smaller, and its pages take half of the time (test/support/browser.ts).
const PACKAGES = ['chromium-headless-shell', 'chromium'];

if (!PACKAGES.some(isInstalled) && !process.env.CHROMIUM_PATH) installChromium();
// At once: the end of the second has work for one processor only.
const builds = ['build', 'build:test'].map((step) => spawn('npm', ['run', '--silent', step], { stdio: 'inherit' }));
const codes = await Promise.all(builds.map(async (build) => (await once(build, 'exit'))[0]));
if (codes.some((code) => code !== 0)) process.exit(1);
process.exit(run(process.execPath, [fileURLToPath(new URL('run.mjs', import.meta.url))]).status ?? 1);

function installChromium() {
  if (process.getuid?.() !== 0 || !isInstalled('apt-get')) {
    console.log(
      'verify: Chromium is missing and may not be installed here (root and apt-get are needed): its tests are skipped.',
    );
    return;
  }
  console.log('verify: Chromium is missing, so it is installed with apt-get.');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const updated = run('apt-get', ['update', '-qq'], env);
  const install = (name) => run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name], env).status === 0;
  if (updated.status !== 0 || !PACKAGES.some(install)) {
    console.log('verify: apt-get could not install Chromium: its tests are skipped.');
  }
}

function isInstalled(command) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false; // not in this folder
    }
  });
}

function run(command, args, env = process.env) {
  return spawnSync(command, args, { stdio: 'inherit', env });
}
