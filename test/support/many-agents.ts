/**
 * Many agents in one process, each with a tunnel and a target that refuses: takes JSON `{ edge, tokens, prefix, count }`,
 * prints `{"online":N}` whenever all of them are, and ends when it is killed. They dial as `postern http` does.
 */
import { startAgent } from '../../src/agent/agent.js';
import { silentLog } from '../../src/core/log.js';

interface Order {
  readonly edge: string;
  /** One for each hundred names, which is what an owner may hold. */
  readonly tokens: readonly string[];
  readonly prefix: string;
  readonly count: number;
}

const { edge, tokens, prefix, count } = JSON.parse(process.argv[2] ?? '{}') as Order;
let online = 0;
let refused = 0;

for (let number = 0; number < count; number++) {
  let isOnline = false;
  const agent = startAgent({
    edge,
    token: tokens[Math.floor(number / 100)] ?? '',
    name: `${prefix}${number}`,
    allow: [],
    target: new URL('http://127.0.0.1:9'),
    hostHeader: 'rewrite',
    log: silentLog,
    events: {
      online() {
        if (!isOnline) online++;
        isOnline = true;
        if (online === count) process.stdout.write(`${JSON.stringify({ online, refused })}\n`);
      },
      offline() {
        if (isOnline) online--;
        isOnline = false;
      },
      request() {},
      hint() {},
    },
  });
  agent.ended.catch(() => process.stdout.write(`${JSON.stringify({ refused: ++refused })}\n`));
}
