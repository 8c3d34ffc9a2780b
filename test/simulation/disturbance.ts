import type { World } from './world.js';

/** `happen` resolves once it is over, to whether it could be done. */
export type Disturbance = readonly [kind: string, weight: number, happen: (world: World) => Promise<boolean>];
