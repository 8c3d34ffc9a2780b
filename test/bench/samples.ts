/** The values of a measurement. */
import { median } from './wan-cases.js';

/** One value for each round in which the system was measured, by measure and system. */
export class Samples {
  readonly #values = new Map<string, Map<string, number[]>>();

  add(measure: string, system: string, value: number): void {
    const bySystem = this.#values.get(measure) ?? new Map<string, number[]>();
    this.#values.set(measure, bySystem.set(system, [...(bySystem.get(system) ?? []), value]));
  }

  of(measure: string, system: string): readonly number[] {
    return this.#values.get(measure)?.get(system) ?? [];
  }

  median(measure: string, system: string): number {
    return median(this.of(measure, system));
  }

  /** The median of the ratios within each round: what slows one round down slows all of it. */
  ratio([measure, system]: readonly [string, string], [other, base]: readonly [string, string]): number {
    const bases = this.of(other, base);
    return median(
      this.of(measure, system).flatMap((value, at) => (bases[at] === undefined ? [] : [value / bases[at]])),
    );
  }

  toJSON(): object {
    return Object.fromEntries([...this.#values].map(([name, bySystem]) => [name, Object.fromEntries(bySystem)]));
  }
}
