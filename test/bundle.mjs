/**
 * Part of `npm run build:test`: puts the compiled `postern` command and all that it imports into a few files below
 * `.build/bundled`, and likewise the test provider and the test target. To find and load hundreds of modules is half of the
 * work of a start, and the end-to-end tests start each of these by the hundred. The tests of the package and of the command
 * line run what is shipped.
 */
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const compiled = fileURLToPath(new URL('../.build', import.meta.url));

await bundle({ ssr: join(compiled, 'src/cli/postern.js'), outDir: join(compiled, 'bundled') });
await bundle({
  ssr: true,
  outDir: join(compiled, 'bundled/support'),
  rollupOptions: {
    input: ['provider-process', 'target-process'].map((name) => join(compiled, `test/support/${name}.js`)),
  },
});
// One key for every provider process of this build: to find the primes takes as long as the rest of its start.
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
writeFileSync(
  join(compiled, 'bundled/support/provider-key.json'),
  JSON.stringify(privateKey.export({ format: 'jwk' })),
);

function bundle(options) {
  return build({
    configFile: false,
    logLevel: 'error',
    ssr: { noExternal: true, external: ['bufferutil'] }, // bufferutil is native and optional
    build: { emptyOutDir: true, minify: false, target: 'node20', ...options },
  });
}
