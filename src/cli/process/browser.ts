/** The browser of the person at the terminal. Owns `open`. */

/** Whether one can be opened here: not over SSH, nor on Linux without a display. */
export function hasBrowser(env: NodeJS.ProcessEnv = process.env, platform = process.platform): boolean {
  if (env['SSH_CONNECTION'] || env['SSH_TTY'] || env['SSH_CLIENT']) return false;
  return platform !== 'linux' || Boolean(env['DISPLAY'] || env['WAYLAND_DISPLAY'] || env['WSL_DISTRO_NAME']);
}

/** Opens an address of an edge, and does nothing where that fails: it has been printed. `BROWSER=none` opens none. */
export async function openBrowser(url: string, env: NodeJS.ProcessEnv = process.env): Promise<void> {
  if (env['BROWSER'] === 'none' || !/^https?:\/\//.test(url)) return;
  try {
    const { default: open } = await import('open'); // here, so that no other command loads it
    const child = await open(url);
    child.on('error', () => {}); // no program to open it with
    child.unref();
  } catch {
    // the person opens it
  }
}
