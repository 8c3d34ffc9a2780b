/** The connections of an edge, those that were upgraded included: how many may be open, of all and of one network. */
import type { Socket } from 'node:net';
import { Counts } from '../../../core/counts.js';
import { peerAddress } from '../../request/client-address.js';
import * as limits from '../../request/limits.js';

export class ConnectionCount {
  readonly #isProxy: (address: string) => boolean;
  readonly #byNetwork = new Counts();
  #open = 0;
  #whenNone: (() => void)[] = [];

  /** `isProxy`: whether an address is a reverse proxy's, whose visitors count only among all. */
  constructor(isProxy: (address: string) => boolean) {
    this.#isProxy = isProxy;
  }

  /** Counts a connection until it is closed. False, and it is not counted, when there are as many as there may be. */
  add(socket: Socket): boolean {
    const address = peerAddress(socket);
    const party = this.#isProxy(address) ? undefined : limits.network(address);
    if (this.#open >= limits.MAX_CONNECTIONS || (party !== undefined && !this.#hasRoom(party))) return false;
    this.#open += 1;
    if (party !== undefined) this.#byNetwork.add(party);
    socket.once('close', () => this.#closed(party));
    return true;
  }

  /** Resolves once none is open. */
  none(): Promise<void> {
    if (this.#open === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenNone.push(resolve));
  }

  get open(): number {
    return this.#open;
  }

  get isCrowded(): boolean {
    return this.#open > limits.CROWDED_CONNECTIONS;
  }

  #hasRoom(party: string): boolean {
    const { most, crowded } = limits.CONNECTIONS_OF_ONE;
    return this.#byNetwork.of(party) < (this.isCrowded ? crowded : most);
  }

  #closed(party: string | undefined): void {
    this.#open -= 1;
    if (party !== undefined) this.#byNetwork.remove(party);
    if (this.#open === 0) for (const resolve of this.#whenNone.splice(0)) resolve();
  }
}
