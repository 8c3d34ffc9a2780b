/** The folder of the project, for tests that read its sources or write screenshots. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute, found from this compiled file upwards; the working directory when it was compiled to somewhere else. */
export const PROJECT_ROOT = findRoot(dirname(fileURLToPath(import.meta.url))) ?? process.cwd();

function findRoot(folder: string): string | undefined {
  if (existsSync(join(folder, 'tsconfig.json'))) return folder;
  return dirname(folder) === folder ? undefined : findRoot(dirname(folder));
}
