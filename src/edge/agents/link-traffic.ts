/** What is counted of the links of agents: how many there are, their bytes on the wire, and their round trips. */
import { Histogram, type Metrics, Reading } from '../../core/metrics.js';
import type { OutboundLink } from '../../link/outbound-link.js';

// From the same machine to the other side of the world, and a line that is full.
const ROUND_TRIP_SECONDS = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2];

type Link = Pick<OutboundLink, 'receivedBytes' | 'sentBytes' | 'roundTrip' | 'closed'>;

export class LinkTraffic {
  readonly #open = new Set<Link>();
  readonly #roundTrips: Histogram;
  /** Of links that have closed. */
  #receivedBytes = 0;
  #sentBytes = 0;

  constructor(metrics: Metrics) {
    metrics.add(
      new Reading('gauge', 'postern_links', 'Links of agents that are open, draining ones too.', () => this.#open.size),
    );
    this.#roundTrips = metrics.add(
      new Histogram(
        'postern_link_round_trip_seconds',
        'Round trips between edge and agent, by PING: every twenty seconds, and every five while requests run.',
        ROUND_TRIP_SECONDS,
      ),
    );
    const bytes = (name: string, help: string, read: () => number) =>
      metrics.add(new Reading('counter', name, help, read));
    bytes('postern_link_received_bytes_total', 'Bytes from agents, on the wire.', () =>
      this.#sum(this.#receivedBytes, ({ receivedBytes }) => receivedBytes),
    );
    bytes('postern_link_sent_bytes_total', 'Bytes to agents, on the wire.', () =>
      this.#sum(this.#sentBytes, ({ sentBytes }) => sentBytes),
    );
  }

  /** Counts a link until it closes. */
  follow(link: Link): void {
    this.#open.add(link);
    link.roundTrip = (ms) => this.#roundTrips.observeMs(ms);
    void link.closed.then(() => {
      this.#open.delete(link);
      this.#receivedBytes += link.receivedBytes;
      this.#sentBytes += link.sentBytes;
    });
  }

  #sum(closed: number, of: (link: Link) => number): number {
    let bytes = closed;
    for (const link of this.#open) bytes += of(link);
    return bytes;
  }
}
