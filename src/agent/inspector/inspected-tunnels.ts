/**
 * The tunnels of this process that the inspector shows: they come and go while it is open. An exchange belongs to one of them for
 * good, and is repeated by no other.
 */
import type { InboundStream } from '../../http/exchange.js';
import { BadCall } from './reply.js';
import type { Knock, KnockAnswer, Person, TunnelInfo } from './wire.js';

/** A tunnel, as what runs its agent gives it. */
export interface InspectedTunnel {
  /** As it is now. Name and URL stay. */
  info(): TunnelInfo;
  /** The server that a path leads to. */
  targetOf(path: string): string;
  /** The last known round trip between edge and agent in milliseconds. */
  readonly roundTripMs: number | undefined;
  /** Makes its agent serve a replayed request. */
  serve(stream: InboundStream): void;
  /** A fresh assertion for one that the edge has signed. Rejects with a sentence. */
  renew(assertion: string): Promise<string>;
  people(): readonly Pick<Person, 'email' | 'since'>[];
  knocks(): readonly Omit<Knock, 'tunnel'>[];
  /** Answers a person who asks to be let in. Rejects with a sentence. */
  answer(id: string, how: KnockAnswer): Promise<void>;
}

/** Which tunnel an exchange came through. */
export type TunnelName = Pick<TunnelInfo, 'name' | 'url'>;

export class InspectedTunnels {
  readonly #running = new Set<InspectedTunnel>();

  get running(): readonly InspectedTunnel[] {
    return [...this.#running];
  }

  add(tunnel: InspectedTunnel): void {
    this.#running.add(tunnel);
  }

  remove(tunnel: InspectedTunnel): void {
    this.#running.delete(tunnel);
  }

  list(): TunnelInfo[] {
    return this.running.map((tunnel) => tunnel.info());
  }

  /** Undefined for one that has ended. */
  find({ name, url }: TunnelName): InspectedTunnel | undefined {
    return this.running.find((tunnel) => {
      const info = tunnel.info();
      return info.name === name && info.url === url;
    });
  }

  /** Throws `BadCall` for one that has ended, though another may have its name now: `expected` is the one that it was. */
  get(tunnel: TunnelName, expected?: InspectedTunnel): InspectedTunnel {
    const found = this.find(tunnel);
    if (found !== undefined && (expected ?? found) === found) return found;
    throw new BadCall(`The tunnel ${tunnel.name} does not run any more: its requests can only be read.`, GONE);
  }
}

const GONE = { status: 409, code: 'ERR_TUNNEL_GONE' };
