/**
 * Copied by test/bundle.mjs beside the bundles: loads each of their chunks with the code that V8 compiled when it was recorded (`<chunk>.cache`). To compile is most of the work
 * of a start. V8 itself rejects code of another version or other flags; then, and where there is none, it compiles as ever.
 *
 * While there is a file `recording` here, a program writes the code of its chunks at SIGUSR2 and ends.
 */
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const { join, dirname } = require('node:path');
const { Script, constants } = require('node:vm');

const scripts = new Map();

Module.prototype._compile = function compile(code, path) {
  const cache = `${path}.cache`;
  const script = new Script(Module.wrap(code), {
    filename: path,
    cachedData: existsSync(cache) ? readFileSync(cache) : undefined,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  scripts.set(cache, script);
  const wrapped = script.runInThisContext();
  return wrapped.call(this.exports, this.exports, Module.createRequire(path), this, path, dirname(path));
};

if (existsSync(join(__dirname, 'recording'))) {
  process.once('SIGUSR2', () => {
    for (const [cache, script] of scripts) writeFileSync(cache, script.createCachedData());
    process.exit();
  });
}
