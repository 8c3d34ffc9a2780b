/** The inspector's page as it was built: the files of one folder, by name. Only names that were found in it are ever served. */
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Reply } from './reply.js';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};

const NOT_BUILT = 'The page of the inspector was not built; its API works (docs/inspector.md).\n';

// Their names change with their content.
const FOREVER = 'private, max-age=31536000, immutable';

export class PageFiles {
  readonly #folder: string;
  readonly #paths: ReadonlySet<string>;

  constructor(folder: string) {
    this.#folder = folder;
    this.#paths = new Set(filesIn(folder));
  }

  /** The page itself. */
  async page(): Promise<Reply> {
    if (!this.#paths.has('index.html'))
      return { status: 200, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: NOT_BUILT };
    return this.#read('index.html', {});
  }

  /** A file below `/assets/`; undefined if there is none of this name. */
  async asset(name: string): Promise<Reply | undefined> {
    const path = `assets/${name}`;
    return this.#paths.has(path) ? this.#read(path, { 'Cache-Control': FOREVER }) : undefined;
  }

  async #read(path: string, headers: Readonly<Record<string, string>>): Promise<Reply> {
    const type = TYPES[extname(path)] ?? 'application/octet-stream';
    return {
      status: 200,
      headers: { 'Content-Type': type, ...headers },
      body: await readFile(join(this.#folder, path)),
    };
  }
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => path.replaceAll('\\', '/'));
  } catch {
    return []; // not built
  }
}
