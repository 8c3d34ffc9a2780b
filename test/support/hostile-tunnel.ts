/**
 * A tunnel of a real edge whose agent is hostile: admitted with a genuine token like any other, then free to say what it
 * wants, frame by frame. The visitor is a genuine one of it.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { knock } from './knock.js';
import { RawAgent, type Settings } from './raw-peer.js';
import type { Visitor } from './visitor.js';
import type { World } from './world.js';

export class HostileTunnel {
  readonly url: string;
  readonly name: string;
  /** Signed in to this tunnel. */
  readonly visitor: Visitor;
  readonly #world: World;
  readonly #token: string;
  readonly #agentId = randomUUID();
  readonly #agents: RawAgent[] = [];

  private constructor(world: World, name: string, token: string, visitor: Visitor) {
    this.#world = world;
    this.name = name;
    this.url = world.urlOf(name);
    this.#token = token;
    this.visitor = visitor;
  }

  /** A tunnel whose agent is away: it was there once, so that the visitor's session is of its owner's tunnel. */
  static async open(world: World, name = 'dev-hostile', account = 'ana'): Promise<HostileTunnel> {
    const token = await world.token({ tunnels: name });
    const mark = world.edge.mark();
    const { link } = await knock(world, { token, name, allow: '@acme.com' });
    link.terminate();
    await world.edge.record(({ event, tunnel }) => event === 'tunnel-down' && tunnel === name, mark);
    const visitor = await world.signedIn(account, `${world.urlOf(name)}/`);
    return new HostileTunnel(world, name, token, visitor);
  }

  /** Connects an agent in place of the one before, whose link is cut. */
  async connect(settings: Settings = {}): Promise<RawAgent> {
    const former = this.#agents.at(-1);
    const agent = await this.replace(settings);
    former?.socket.terminate();
    return agent;
  }

  /** Connects an agent in place of the one before, which may finish what it has begun. */
  async replace(settings: Settings = {}): Promise<RawAgent> {
    const offer = { token: this.#token, name: this.name, allow: '@acme.com', agentId: this.#agentId };
    let agent: RawAgent | undefined;
    const { outcome } = await knock(this.#world, offer, (link) => {
      agent = new RawAgent(link, settings);
    });
    assert.deepEqual(outcome, { url: this.url });
    this.#agents.push(agent as RawAgent); // attached before the knock is answered
    return agent as RawAgent;
  }

  close(): void {
    for (const { socket } of this.#agents) socket.terminate();
  }
}
