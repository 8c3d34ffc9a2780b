/** What is counted for each forwarded request, on its path: how long it took, and its bytes. One addition each, no object. */
import { Counter, Histogram, type Metrics } from '../../core/metrics.js';

// The gate decides in microseconds, unless it has to decrypt a session or waits for its turn on a connection.
const GATE_SECONDS = [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5];

// From a local server that has its page in memory to one that compiles it first.
const RESPONSE_SECONDS = [0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export class Traffic {
  /** Arrival to decision. */
  readonly gate: Histogram;
  /** Arrival to the head of the target's response. */
  readonly firstByte: Histogram;
  /** Arrival to the end of the response. */
  readonly whole: Histogram;
  readonly #received: Counter;
  readonly #sent: Counter;

  constructor(metrics: Metrics) {
    this.gate = metrics.add(
      new Histogram('postern_gate_duration_seconds', 'From the arrival of a request to the decision.', GATE_SECONDS),
    );
    this.firstByte = metrics.add(
      new Histogram(
        'postern_target_first_byte_seconds',
        "From the arrival of a forwarded request to the head of the target's response.",
        RESPONSE_SECONDS,
      ),
    );
    this.whole = metrics.add(
      new Histogram(
        'postern_request_duration_seconds',
        'From the arrival of a forwarded request to the end of its response, without event streams and WebSockets.',
        RESPONSE_SECONDS,
      ),
    );
    this.#received = metrics.add(
      new Counter('postern_received_bytes_total', 'Bytes of bodies and WebSockets that visitors sent to targets.'),
    );
    this.#sent = metrics.add(
      new Counter('postern_sent_bytes_total', 'Bytes of bodies and WebSockets that targets sent to visitors.'),
    );
  }

  /** Counts bytes from a visitor. */
  received(bytes: number): void {
    this.#received.add(bytes);
  }

  /** Counts bytes to a visitor. */
  sent(bytes: number): void {
    this.#sent.add(bytes);
  }
}
