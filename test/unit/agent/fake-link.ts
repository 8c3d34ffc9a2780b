/** A link that the test ends as an edge would. */
import type { PosternError } from '../../../src/errors.js';
import type { InboundStream } from '../../../src/http/exchange.js';
import type { AgentLink } from '../../../src/link/dial.js';
import type { SeveralNodes } from '../../../src/link/several-links.js';

export interface FakeLinkOptions {
  readonly onStream?: (stream: InboundStream) => void;
  readonly nodes?: SeveralNodes;
}

export class FakeLink implements AgentLink {
  roundTrip: ((ms: number) => void) | undefined;
  readonly url = 'https://demo.tunnel.test';
  readonly nodes: SeveralNodes | undefined;
  running = 0;
  requests = 0;
  bytes = 0;
  readonly closed: Promise<PosternError | undefined>;
  readonly onStream: (stream: InboundStream) => void;
  readonly #draining = new AbortController();
  #end: (error: PosternError | undefined) => void = () => {};
  ended = false;

  constructor({ onStream = () => {}, nodes }: FakeLinkOptions = {}) {
    this.onStream = onStream;
    this.nodes = nodes;
    this.closed = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  get draining(): AbortSignal {
    return this.#draining.signal;
  }

  announceDrain(): void {
    this.#draining.abort();
  }

  lose(error?: PosternError): void {
    this.ended = true;
    this.#draining.abort();
    this.#end(error);
  }

  drain(): Promise<void> {
    this.announceDrain();
    this.lose();
    return Promise.resolve();
  }

  destroy(): void {
    this.lose();
  }
}
