/**
 * A folder of an app that uses Postern as a package: what it imports is linked from here, Postern itself as it was compiled with
 * the tests, under the subpaths of its own manifest.
 */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { compiled } from './processes.js';
import { PROJECT_ROOT } from './project-root.js';
import { temporaryFolder } from './temporary-folder.js';

interface Manifest {
  readonly version: string;
  readonly exports: Readonly<Record<string, { readonly default: string }>>;
}

export interface AppFolderOptions {
  /** A folder below the project whose files the app begins with. */
  readonly from?: string;
  /** By path: the text of files. */
  readonly files?: Readonly<Record<string, string>>;
  /** By the name under which the app imports it: a package of this project. */
  readonly packages?: Readonly<Record<string, string>>;
}

/** Makes the folder and returns its path. */
export function appFolder({ from, files = {}, packages = {} }: AppFolderOptions): string {
  const folder = temporaryFolder('app');
  if (from !== undefined) cpSync(join(PROJECT_ROOT, from), folder, { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  linkPostern(join(folder, 'node_modules', 'postern'));
  for (const [name, real] of Object.entries(packages)) {
    const link = join(folder, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(PROJECT_ROOT, 'node_modules', real), link);
  }
  return folder;
}

function linkPostern(path: string): void {
  const { version, exports } = JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8')) as Manifest;
  mkdirSync(path, { recursive: true });
  symlinkSync(compiled('../../src'), join(path, 'dist'));
  writeFileSync(join(path, 'package.json'), JSON.stringify({ name: 'postern', version, type: 'module', exports }));
}
