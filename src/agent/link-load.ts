/** How busy the link of an agent is, as the agent sees it: by what runs, by how many requests come, and by bytes. */
import type { AgentLink } from '../link/dial.js';

type Counted = Pick<AgentLink, 'running' | 'requests' | 'bytes'>;

// What one of them takes of a node: a few hundredths of a core. Below it a hop between two nodes is not worth another link.
const BUSY_RUNNING = 16;
const BUSY_REQUESTS_PER_SECOND = 100;
const BUSY_BYTES_PER_SECOND = 4_194_304;

export class LinkLoad {
  readonly #link: Counted;
  #before: Omit<Counted, 'running'>;
  #atMs: number;

  constructor(link: Counted, nowMs: number) {
    this.#link = link;
    this.#before = { requests: link.requests, bytes: link.bytes };
    this.#atMs = nowMs;
  }

  /** Since the last time that this was asked: from 1 on the link is busy. */
  measure(nowMs: number): number {
    const { running, requests, bytes } = this.#link;
    const seconds = Math.max(nowMs - this.#atMs, 1) / 1_000;
    const load = Math.max(
      running / BUSY_RUNNING,
      (requests - this.#before.requests) / seconds / BUSY_REQUESTS_PER_SECOND,
      (bytes - this.#before.bytes) / seconds / BUSY_BYTES_PER_SECOND,
    );
    this.#before = { requests, bytes };
    this.#atMs = nowMs;
    return load;
  }
}
