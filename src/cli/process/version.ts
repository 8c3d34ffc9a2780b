/** The version of this package, from the nearest `package.json` above the compiled file. */
import { readFileSync } from 'node:fs';

/** Reads the version, `0.1.0`. */
export function readVersion(from: URL = new URL('.', import.meta.url)): string {
  const above = new URL('..', from);
  try {
    const { name, version } = JSON.parse(readFileSync(new URL('package.json', from), 'utf8')) as Record<
      string,
      unknown
    >;
    if (name === 'postern' && typeof version === 'string') return version;
  } catch (error) {
    // No package.json in this folder: try the one above, up to the root.
    if (above.href === from.href) throw error;
  }
  return readVersion(above);
}
