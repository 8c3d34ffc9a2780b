/**
 * Many idle agents in one process: `node idle-agents.js` with JSON `{ edge, from, tokens, prefix, count }` dials `count` links
 * and prints `{"dialled":N}`; SIGTERM prints `{"alive":N}` and ends.
 */
import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { PosternError } from '../../src/errors.js';
import { type AgentLink, dialEdge } from '../../src/link/dial.js';
import type { Offer } from '../../src/link/handshake.js';

interface Order {
  readonly edge: string;
  /** An address of loopback: those of one address are a quarter of all links at most. */
  readonly from: string;
  /** One for each hundred names, which is what an owner may hold. */
  readonly tokens: readonly string[];
  readonly prefix: string;
  readonly count: number;
}

// Enough to be quick, few enough that no handshake waits for long.
const AT_ONCE = 32;
const AGAIN_MS = 500;

const { edge, from, tokens, prefix, count } = JSON.parse(process.argv[2] ?? '{}') as Order;
const httpAgent = new Agent({ localAddress: from, family: 4 });
const alive = new Set<AgentLink>();
let next = 0;

process.on('SIGTERM', () => {
  process.stdout.write(`{"alive":${alive.size}}\n`, () => process.exit(0));
});
await Promise.all(Array.from({ length: AT_ONCE }, dialInTurn));
process.stdout.write(`{"dialled":${alive.size}}\n`);

async function dialInTurn(): Promise<void> {
  while (next < count) {
    const token = tokens[Math.floor(next / 100)] ?? '';
    const name = `${prefix}${next++}`;
    const offer = {
      token,
      name,
      allow: [],
      origins: [],
      frameOrigins: [],
      agentId: `agent-of-${name}-`.padEnd(24, '0'),
    };
    const link = await dialPatiently(offer);
    alive.add(link);
    void link.closed.then(() => alive.delete(link));
  }
}

/** Dials until it succeeds, as any agent does: on a busy machine a handshake may time out. */
async function dialPatiently(offer: Offer): Promise<AgentLink> {
  for (;;) {
    try {
      return await dialEdge(edge, offer, { httpAgent, onStream: (stream) => stream.cancel() });
    } catch (error) {
      if (!(error instanceof PosternError && error.retryable)) throw error;
      await delay(AGAIN_MS);
    }
  }
}
