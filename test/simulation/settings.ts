/** What a run is to be. */

/** What is done wrong on purpose, so that it can be seen that the checks find it. */
export interface Faults {
  /** Writes to the store compare no version. */
  readonly ignoresVersions: boolean;
  /** A node takes a relayed request for whatever link it has. */
  readonly ignoresEpochs: boolean;
  /** Epochs are counted, and begin again with the store. */
  readonly hasNoClock: boolean;
}

export const NO_FAULTS: Faults = { ignoresVersions: false, ignoresEpochs: false, hasNoClock: false };

/** Of one cluster: nodes with one store, all of which know all tunnels. */
export interface Settings {
  readonly nodes: number;
  readonly tunnels: number;
  readonly minutes: number;
  readonly seed: number;
  /** How often something happens to an agent. Default: twice an hour to each, and at least once a second to one. */
  readonly agentEventsPerSecond?: number;
  /** Default: one of fifty tunnels is visited in each second, and at least 20 and at most 300 are. */
  readonly visitorsPerSecond?: number;
  readonly faults?: Partial<Faults>;
}
