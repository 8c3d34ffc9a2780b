import { spawnSync } from 'node:child_process';

/** The python that has a module, or none. Debian's modules belong to Debian's python, which need not be the first. */
export function pythonWith(module: string): string | undefined {
  return ['python3', '/usr/bin/python3'].find((path) => spawnSync(path, ['-c', `import ${module}`]).status === 0);
}
