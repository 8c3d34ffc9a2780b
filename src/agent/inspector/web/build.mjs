/**
 * Builds the inspector's page with Vite: what `main.tsx` imports becomes one script and one style sheet with hashed names below
 * `assets/`, and `index.html` names them. As a command it builds into the folder that is its argument.
 */
import { resolve } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

export async function buildPage(outDir) {
  await build({
    configFile: false,
    root: fileURLToPath(new URL('.', import.meta.url)),
    base: '/',
    publicDir: false,
    logLevel: 'error',
    build: {
      outDir,
      emptyOutDir: true,
      target: 'es2022',
      assetsInlineLimit: 0, // `data:` is not in the page's policy
      license: { fileName: 'licenses.md' }, // what the script contains of others
      modulePreload: false, // its polyfill would be a second script
    },
  });
}

if (argv[1] === fileURLToPath(import.meta.url)) await buildPage(resolve(argv[2] ?? ''));
