/** What nodes ask and tell each other about what each knows for itself: who is here, who takes a place. */
export interface Others {
  /** From now on this node responds to others that ask, or is told. What it is given is theirs, and checked by type only. */
  on(method: string, respond: (...args: never[]) => unknown): void;
  /** What each of the others responds; those that do not respond in time are left out. */
  ask<Result>(method: string, ...args: readonly unknown[]): Promise<Result[]>;
  tell(method: string, ...args: readonly unknown[]): void;
}

/** Of an edge that is alone. */
export const NO_OTHERS: Others = { on: () => {}, ask: async () => [], tell: () => {} };
