/** The files of the sample page, read from beside the sources at each request so that an edit shows at once. */
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../support/project-root.js';

const ASSETS: Readonly<Record<string, readonly [file: string, type: string]>> = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/style.css': ['style.css', 'text/css; charset=utf-8'],
  '/app.js': ['app.js', 'text/javascript; charset=utf-8'],
};

// Nothing from elsewhere may load, and the page works without inline script or style.
const POLICY = "default-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'";

/** Whether a path names a file of the page. */
export function isAsset(path: string): boolean {
  return Object.hasOwn(ASSETS, path);
}

/** Answers with a file of the page. */
export async function sendAsset(response: ServerResponse, path: string): Promise<void> {
  const [file, type] = ASSETS[path] ?? ['index.html', 'text/html; charset=utf-8'];
  const bytes = await readFile(join(PROJECT_ROOT, 'test', 'demo', 'app', file));
  response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store', 'Content-Security-Policy': POLICY });
  response.end(bytes);
}
