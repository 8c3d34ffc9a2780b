/** What a command line loads: a hook in its process notes each ES module, and each CommonJS module when it exits. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SHIPPED_POSTERN } from './processes.js';

/**
 * Runs `postern` with these arguments and returns what it has loaded at its end, or at its first output when it is an agent:
 * URLs of ES modules, paths of CommonJS modules, `node:` names of built-in ones.
 */
export async function loadedModules(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-loads-'));
  const path = join(folder, 'modules');
  try {
    const child = spawn(process.execPath, ['--import', preload(path), SHIPPED_POSTERN, ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { HOME: folder, ...env },
    });
    if (args[0] === 'http') child.stdout.once('data', () => child.kill('SIGINT')); // an agent runs until it is told to end
    child.stdout.resume();
    await once(child, 'close');
    return [...new Set(readFileSync(path, 'utf8').trim().split('\n'))];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function preload(path: string): string {
  const append = `import { appendFileSync } from 'node:fs'; const note = (name) => appendFileSync(${JSON.stringify(path)}, name + '\\n');`;
  const hook = moduleUrl(`${append} export const load = (url, context, next) => (note(url), next(url, context));`);
  return moduleUrl(`${append} import module, { register } from 'node:module'; register(${JSON.stringify(hook)});
    process.on('exit', () => Object.keys(module._cache).forEach(note));`);
}

function moduleUrl(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`;
}
