/** Folders of tests, removed with everything in them when the process that made them ends. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Makes an empty folder. */
export function temporaryFolder(word: string): string {
  const path = mkdtempSync(join(tmpdir(), `postern-${word}-`));
  process.once('exit', () => rmSync(path, { recursive: true, force: true }));
  return path;
}
