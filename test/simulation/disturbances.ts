/** What goes wrong: to agents all the time, to nodes every few seconds, to the store every other minute. */
import { OF_AGENTS } from './agent-disturbances.js';
import type { Disturbance } from './disturbance.js';
import { OF_NODES } from './node-disturbances.js';
import { OF_STORE } from './store-disturbances.js';
import type { World } from './world.js';

/** By what they are chosen among. */
export const DISTURBANCES: readonly (readonly Disturbance[])[] = [OF_AGENTS, OF_NODES, OF_STORE];

const NODES_EVERY_MS = 8_000;
const STORE_PAUSE_MS = [15_000, 60_000] as const;

/** From one time to another. What it has begun ends by itself, in less than the time that a run settles. */
export function disturb(world: World, fromMs: number, untilMs: number): void {
  const { tunnels, agentEventsPerSecond: perSecond = Math.max(1, tunnels / 1_800) } = world.settings;
  again(world, new Choice(world, OF_AGENTS), 1_000 / perSecond, fromMs, untilMs);
  again(world, new Choice(world, OF_NODES), NODES_EVERY_MS, fromMs, untilMs);
  void oneByOne(world, new Choice(world, OF_STORE), fromMs, untilMs);
}

/** Each kind until it could be done once, then by their weights. Runs with seeds that follow each other begin with different ones. */
class Choice {
  readonly #world: World;
  readonly #of: readonly Disturbance[];
  readonly #first: Disturbance[];

  constructor(world: World, of: readonly Disturbance[]) {
    this.#world = world;
    this.#of = of;
    const at = world.settings.seed % of.length;
    const others = world.random.shuffled([...of.slice(0, at), ...of.slice(at + 1)]);
    this.#first = [of[at] as Disturbance, ...others];
  }

  async happen(): Promise<void> {
    const { counts } = this.#world;
    const first = this.#first.shift();
    const [kind, , act] = first ?? this.#weighted();
    counts.note(kind);
    if (await act(this.#world)) counts.event(kind);
    else if (first !== undefined) this.#first.push(first);
  }

  #weighted(): Disturbance {
    let left = this.#world.random.next() * this.#of.reduce((all, [, weight]) => all + weight, 0);
    for (const one of this.#of) {
      left -= one[1];
      if (left < 0) return one;
    }
    return this.#of[0] as Disturbance;
  }
}

function again(world: World, choice: Choice, meanMs: number, fromMs: number, untilMs: number): void {
  const { clock, random } = world;
  const next = (waitMs: number) =>
    clock.after(waitMs, () => {
      if (clock.now >= untilMs) return;
      void choice.happen();
      next(random.wait(meanMs));
    });
  next(fromMs + random.wait(meanMs));
}

// One thing at a time happens to the store.
async function oneByOne(world: World, choice: Choice, fromMs: number, untilMs: number): Promise<void> {
  const { clock, random } = world;
  await clock.sleep(fromMs + random.between(5_000, 20_000));
  while (clock.now < untilMs) {
    await choice.happen();
    await clock.sleep(random.between(...STORE_PAUSE_MS));
  }
}
