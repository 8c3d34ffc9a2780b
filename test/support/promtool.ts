/** Debian's `promtool` (package `prometheus`), which judges metrics and alert rules as Prometheus would. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';

const PROMTOOL = '/usr/bin/promtool';

/** For `test(name, { skip: promtoolMissing() }, ...)`: false, or why a test with it cannot run here. */
export function promtoolMissing(): string | false {
  try {
    accessSync(PROMTOOL, constants.X_OK);
    return false;
  } catch {
    return 'no promtool here: "apt-get install prometheus" brings it'; // the usual case
  }
}

/** Runs it to its end. */
export function promtool(
  args: readonly string[],
  { input = '', cwd }: { readonly input?: string; readonly cwd?: string } = {},
): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(PROMTOOL, args, { input, encoding: 'utf8', ...(cwd ? { cwd } : {}) });
  return { status, output: stdout + stderr };
}
