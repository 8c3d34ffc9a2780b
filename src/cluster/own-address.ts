/**
 * Whether the address that a node tells the others leads back to it, as far as it can tell by dialling itself: at another address
 * they would look for its agents in vain. One that is found right is not looked at again.
 */
import type { Log } from '../core/log.js';
import { asPosternError } from '../errors.js';
import { dialPeer } from './peer-dial.js';
import type { PeerIdentity } from './peer-handshake.js';

export interface OwnAddressOptions {
  readonly identity: PeerIdentity;
  /** As the others read it. */
  readonly address: string;
  readonly log: Log;
}

// A name in DNS may be younger than the process that it is for: ten seconds, looking at each beat.
const UNTOLD = 5;

export class OwnAddress {
  readonly #options: OwnAddressOptions;
  #failures = 0;
  #problem: string | undefined;
  #state: 'unknown' | 'looking' | 'right' = 'unknown';

  constructor(options: OwnAddressOptions) {
    this.#options = options;
  }

  /** A line for the operator, while something is wrong. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** To be called at each beat. Never rejects. */
  async look(): Promise<void> {
    if (this.#state !== 'unknown') return;
    this.#state = 'looking';
    const { identity, address, log } = this.#options;
    try {
      (await dialPeer(address, identity, identity.node)).destroy();
      this.#state = 'right';
      if (this.#problem !== undefined) log.info({ peer: address }, 'the peer address leads to this node');
      this.#problem = undefined;
    } catch (error) {
      this.#state = 'unknown';
      this.#failures += 1;
      if (this.#failures === UNTOLD) this.#tell(asPosternError(error).message);
    }
  }

  #tell(reason: string): void {
    const { address, log } = this.#options;
    this.#problem = `peer: ${address} does not lead to this node (${reason}); other nodes do not reach its agents`;
    log.warn(
      { peer: address, reason },
      'the address that other nodes dial does not lead to this node: look at POSTERN_PEER_URL and POSTERN_PEER_LISTEN',
    );
  }
}
