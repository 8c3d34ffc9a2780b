/** Faults of what all share, `src/core`. */
import type { Mutant } from './mutant.js';

export const CORE: readonly Mutant[] = [
  {
    file: 'src/core/recent-map.ts',
    fault: 'names and hosts that strangers invent are kept without a bound',
    before: 'if (this.#young.size >= this.#maxEntries) {',
    after: 'if (this.#young.size < 0) {',
    tests: ['unit/core/recent-map.test.ts'],
  },
  {
    file: 'src/core/recent-map.ts',
    fault: 'keys of any length are kept',
    before: 'if (key.length > this.#maxKeyLength) return;',
    after: '',
    tests: ['unit/core/recent-map.test.ts'],
  },
  {
    file: 'src/core/recent-map.ts',
    fault: 'what is asked for again and again is forgotten with the rest',
    before: '      this.set(key, old);\n',
    after: '',
    tests: ['unit/core/recent-map.test.ts'],
  },
  {
    file: 'src/core/memo.ts',
    fault: 'results for invented keys are kept without a bound',
    before: 'new RecentMap<Value>(maxEntries, maxKeyChars)',
    after: 'new Map<string, Value>()',
    tests: ['unit/core/memo.test.ts', 'unit/edge/request/bounded-caches.test.ts'],
  },
  {
    file: 'src/http/header-rules.ts',
    fault: 'a visitor gives an identity in another spelling',
    before: "name.toLowerCase().replace(/[^a-z0-9]/g, '-')",
    after: 'name.toLowerCase()',
    tests: ['unit/http/header-rules.test.ts'],
  },
  {
    file: 'src/http/header-rules.ts',
    fault: 'Connection removes the framing of the next hop',
    before: 'if (HOP_BY_HOP.has(named) || NEVER_HOP_BY_HOP.has(named)) continue;',
    after: 'if (HOP_BY_HOP.has(named)) continue;',
    tests: ['unit/http/header-rules.test.ts'],
  },
  {
    file: 'src/http/header-rules.ts',
    fault: 'trailers carry what frames and routes',
    before: ' && !NEVER_IN_TRAILERS.has(lower)',
    after: '',
    tests: ['unit/http/header-rules.test.ts'],
  },
  {
    file: 'src/core/hostname.ts',
    fault: 'of two hosts the first is taken',
    before: 'lines.length === 1 ? HOST.exec(',
    after: 'lines.length > 0 ? HOST.exec(',
    tests: ['unit/core/hostname.test.ts'],
  },
  {
    file: 'src/core/hostname.ts',
    fault: 'a name that ends like the base host is below it',
    before: "cut < 1 || host[cut] !== '.' || ",
    after: 'cut < 1 || ',
    tests: ['unit/core/hostname.test.ts'],
  },
  {
    file: 'src/core/rule.ts',
    fault: 'letters that only look alike pass for each other',
    before: " || local.normalize('NFKC') !== local) return undefined;",
    after: ') return undefined;',
    tests: ['unit/core/rule.test.ts'],
  },
];
