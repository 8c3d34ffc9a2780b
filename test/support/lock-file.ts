/** The packages that are installed for production, by package-lock.json, and which direct dependency reaches which. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from './project-root.js';

interface Locked {
  readonly dev?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const { packages } = JSON.parse(readFileSync(join(PROJECT_ROOT, 'package-lock.json'), 'utf8')) as {
  packages: Readonly<Record<string, Locked>>;
};

/** The names of all of them. */
export function productionPackages(): Set<string> {
  const paths = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true);
  return new Set(paths.map(([path]) => nameOf(path)));
}

/** The names of the direct ones. */
export function directDependencies(): Set<string> {
  return new Set(needsOf(''));
}

/** What a direct dependency brings, itself left out. */
export function broughtBy(name: string): Set<string> {
  const seen = new Set<string>();
  const waiting = [`node_modules/${name}`];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    for (const need of needsOf(path)) waiting.push(...find(need, path));
  }
  return new Set([...seen].map(nameOf).filter((found) => found !== name));
}

function needsOf(path: string): string[] {
  const { dependencies = {}, optionalDependencies = {} } = packages[path] ?? {};
  return [...Object.keys(dependencies), ...Object.keys(optionalDependencies)];
}

// As Node looks for it: beside the package, then in each folder above.
function find(name: string, from: string): string[] {
  for (let folder = from; ; folder = folder.slice(0, folder.lastIndexOf('/node_modules/'))) {
    const path = `${folder}/node_modules/${name}`;
    if (path in packages) return [path];
    if (!folder.includes('/node_modules/')) break;
  }
  return `node_modules/${name}` in packages ? [`node_modules/${name}`] : [];
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}
