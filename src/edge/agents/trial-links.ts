/**
 * The links of trial offers (docs/protocol.md): they carry PINGs and no requests, belong to no tunnel, and end soon. They show an
 * agent's owner whether an offer would be admitted, and whether what is on the path passes WebSockets.
 */
import type { OutboundLink } from '../../link/outbound-link.js';

// Some round trips on a slow network.
const MAX_TRIAL_MS = 10_000;

export class TrialLinks {
  readonly #links = new Set<OutboundLink>();

  /** Takes over a link; `ended` is called once it has closed. */
  add(link: OutboundLink, ended: () => void): void {
    this.#links.add(link);
    const timer = setTimeout(() => link.destroy(), MAX_TRIAL_MS).unref();
    void link.closed.then(() => {
      clearTimeout(timer);
      this.#links.delete(link);
      ended();
    });
  }

  /** Closes all of them now. */
  destroy(): void {
    for (const link of this.#links) link.destroy();
  }
}
