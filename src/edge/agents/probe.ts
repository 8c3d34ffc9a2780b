/** Whether the agent at the other end of a link is alive: asked when another one wants its name. */
import type { OutboundLink } from '../../link/outbound-link.js';

// Long enough for a round trip around the world, short enough for a restarted agent that waits for its name.
const PROBE_MS = 2_000;

/**
 * A link is alive if its peer acknowledges a PING or sends any byte in the meantime: on a congested connection the acknowledgement
 * waits behind other data.
 */
export async function isAlive(link: OutboundLink): Promise<boolean> {
  const { receivedBytes } = link;
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<'silent'>((resolve) => {
    timer = setTimeout(resolve, PROBE_MS, 'silent');
  });
  const response = await Promise.race([link.ping().catch(() => 'silent' as const), silence]);
  clearTimeout(timer);
  return response !== 'silent' || link.receivedBytes !== receivedBytes;
}
