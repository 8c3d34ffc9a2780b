/**
 * Part of `npm run build:test`: puts the compiled `postern` command and all that it imports into a few files below
 * `.build/bundled`. To find and load some eight hundred modules is half of the work of a start, and the end-to-end tests
 * start edges and agents by the hundred. The tests of the package and of the command line run what is shipped.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const compiled = fileURLToPath(new URL('../.build', import.meta.url));

await build({
  configFile: false,
  logLevel: 'error',
  ssr: { noExternal: true, external: ['bufferutil'] }, // bufferutil is native and optional
  build: {
    ssr: join(compiled, 'src/cli/postern.js'),
    outDir: join(compiled, 'bundled'),
    emptyOutDir: true,
    minify: false,
    target: 'node20',
  },
});
