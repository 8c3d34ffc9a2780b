/** Whether a browser can be opened, by what the environment says. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hasBrowser } from '../../../../src/cli/process/browser.js';

describe('a browser', () => {
  for (const [name, env, platform] of [
    ['on macOS', {}, 'darwin'],
    ['on Windows', {}, 'win32'],
    ['on Linux with X', { DISPLAY: ':0' }, 'linux'],
    ['on Linux with Wayland', { WAYLAND_DISPLAY: 'wayland-0' }, 'linux'],
    ['in WSL', { WSL_DISTRO_NAME: 'Debian' }, 'linux'],
  ] as const)
    it(`can be opened ${name}`, () => assert.equal(hasBrowser(env, platform), true));

  for (const [name, env, platform] of [
    ['on Linux without a display', {}, 'linux'],
    ['where DISPLAY is empty', { DISPLAY: '' }, 'linux'],
    ['over SSH on macOS', { SSH_CONNECTION: '192.0.2.1 1 192.0.2.2 22' }, 'darwin'],
    ['over SSH with X forwarded', { SSH_TTY: '/dev/pts/0', DISPLAY: 'localhost:10.0' }, 'linux'],
  ] as const)
    it(`cannot be opened ${name}`, () => assert.equal(hasBrowser(env, platform), false));
});
