/**
 * Requests of our own to a target, sent exactly as a tunnel's are, and what they tell of the checks that the target makes of hosts
 * and origins. For `postern doctor`: the developer learns of a refusal before a visitor does.
 */
import { silentLog } from '../../core/log.js';
import { PosternError } from '../../errors.js';
import type { TargetAddress } from './address.js';
import { Target } from './target.js';
import { type TrialResponse, TrialStream } from './trial-stream.js';

/** A request to try. */
export interface TrialRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** `visitor`: as the tunnel brings it; `direct`: as a browser on this machine sends it. */
  readonly as: 'visitor' | 'direct';
}

// An address for documentation (RFC 5737), for apps that look at who is in front of them.
const VISITOR = '192.0.2.1';

/** One target, and the address that its tunnel has or will have. One request at a time. */
export class TargetTrial {
  readonly address: TargetAddress;
  readonly publicUrl: URL;
  readonly #target: Target;
  #failure: string | undefined;

  constructor(address: TargetAddress, publicUrl: URL) {
    this.address = address;
    this.publicUrl = publicUrl;
    this.#target = new Target(address, {
      log: silentLog,
      record: ({ failure }) => {
        this.#failure = failure;
      },
      hint: () => {}, // the caller looks itself
    });
  }

  /** Connects once. Resolves to what is wrong when that fails. */
  connect(): Promise<PosternError | undefined> {
    return this.#target.connect();
  }

  /** Rejects with a `PosternError` whose message is a sentence when there is no response. */
  async request({ method, path, as }: TrialRequest, signal: AbortSignal): Promise<TrialResponse> {
    this.#failure = undefined;
    const { protocol, host, hostname } = as === 'visitor' ? this.publicUrl : this.#ownUrl();
    const scheme = protocol === 'https:' ? 'https' : 'http';
    const form = method === 'POST' ? ['content-type', 'application/x-www-form-urlencoded'] : [];
    const origin = method === 'POST' ? ['origin', `${scheme}://${host}`] : [];
    const headers = [...COMMON, ...form, ...origin, ...(as === 'visitor' ? this.#forwarded() : [])];
    const stream = new TrialStream({ method, scheme, authority: as === 'visitor' ? hostname : host, path, headers });
    const leave = () => stream.leave();
    signal.addEventListener('abort', leave, { once: true });
    this.#target.serve(stream);
    try {
      const response = await stream.response;
      if (this.#failure === undefined) return response;
      throw new PosternError('ERR_TARGET_REFUSED', this.#failure);
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  close(): void {
    this.#target.close();
  }

  #ownUrl(): URL {
    return new URL(`${this.address.scheme}://${this.address.host}`);
  }

  #forwarded(): string[] {
    const { protocol, host, port } = this.publicUrl;
    return [
      ...['x-forwarded-for', VISITOR, 'x-forwarded-host', host, 'x-forwarded-proto', protocol.slice(0, -1)],
      ...['x-forwarded-port', port || (protocol === 'https:' ? '443' : '80')],
    ];
  }
}

// What a page of the app itself causes (Fetch Metadata), and a name by which the app's log tells it from a visitor's.
const COMMON = [
  ...['accept', 'text/html, */*;q=0.8', 'sec-fetch-site', 'same-origin', 'sec-fetch-mode', 'cors'],
  ...['user-agent', 'postern-doctor'],
];
