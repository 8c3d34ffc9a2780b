/** Opens a page in the browser of whoever runs the demo. */
import { spawn } from 'node:child_process';
import { complain } from './options.js';

/** Asks the desktop to open a URL; where that fails, one sentence says so and the demo goes on. */
export function openBrowser(url: string): void {
  const [command, ...args] = openerOf(process.platform);
  const failed = () => complain(`no browser could be opened here: open ${url} yourself.`);
  const opener = spawn(command, [...args, url], { stdio: 'ignore' });
  opener.on('error', failed);
  opener.on('exit', (code) => code !== 0 && code !== null && failed());
  opener.unref();
}

function openerOf(platform: NodeJS.Platform): [command: string, ...args: string[]] {
  if (platform === 'darwin') return ['open'];
  if (platform === 'win32') return ['cmd', '/c', 'start', '""'];
  return ['xdg-open'];
}
