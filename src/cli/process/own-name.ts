/** The name of a tunnel without `--name`: from the folder in which the agent starts, and from the owner of its token. */
import { readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { defaultName } from '../../core/default-name.js';
import { coversName } from '../../core/name-pattern.js';
import { readTokenText } from './token-text.js';

// A package.json is a few kilobytes; a larger file is something else.
const MAX_PACKAGE_BYTES = 1_048_576;

/** The name for a folder; undefined if the token permits no such name: the edge then chooses one of the token's. */
export function ownName(folder: string, token: string): string | undefined {
  const grant = readTokenText(token);
  if (grant === undefined) return undefined;
  const name = defaultName(packageName(folder) ?? basename(folder), grant.owner);
  return name !== undefined && coversName(grant.tunnels, name) ? name : undefined;
}

function packageName(folder: string): string | undefined {
  const path = join(folder, 'package.json');
  try {
    if (statSync(path).size > MAX_PACKAGE_BYTES) return undefined;
    const { name } = JSON.parse(readFileSync(path, 'utf8')) as { name?: unknown };
    return typeof name === 'string' && name !== '' ? name : undefined;
  } catch {
    return undefined; // none, or one that its owner is about to correct: the directory has a name too
  }
}
