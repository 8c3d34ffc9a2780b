/**
 * A bounded set of ids, each until a given time. A live id is never dropped: a full set accepts no more. Where a stranger
 * can make many ids, each party has a share of the set.
 */

// Removing expired ids iterates over all of them: at most once in the first interval, or the second if the set is nearly full.
const SWEEP_INTERVAL_MS = 60_000;
const FULL_SWEEP_INTERVAL_MS = 1_000;

// A party is an address. Its share, a hundredth or a thousand ids, is enough for the sign-ins of an office behind one address
// in ten minutes. When nine tenths of the set are used, each party may have only a few.
export const SHARE = 1 / 100;
export const SCARCE_SHARE = 9 / 10;
export const FEW_ENTRIES = 10;

/** Ids, each with its expiry in milliseconds since the epoch. */
export class ExpiringIds {
  readonly #untilMs = new Map<string, number>();
  readonly #partyOf = new Map<string, string>();
  readonly #countByParty = new Map<string, number>();
  readonly #maxEntries: number;
  #sweptAtMs = 0;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  has(id: string, nowMs: number): boolean {
    const untilMs = this.#untilMs.get(id);
    return untilMs !== undefined && untilMs > nowMs;
  }

  /** Adds an id until the later of the given and any earlier expiry; false if there is no room for its party. */
  add(id: string, untilMs: number, nowMs: number, party?: string): boolean {
    const isFull = this.#untilMs.size >= this.#maxEntries * SCARCE_SHARE;
    if (nowMs - this.#sweptAtMs >= (isFull ? FULL_SWEEP_INTERVAL_MS : SWEEP_INTERVAL_MS)) this.#sweep(nowMs);
    const known = this.#untilMs.get(id);
    if (known === undefined && !this.#hasRoom(party)) return false;
    this.#untilMs.set(id, Math.max(untilMs, known ?? 0));
    if (known === undefined && party !== undefined) this.#count(id, party);
    return true;
  }

  /** Removes an id, which then has no share of the set. */
  delete(id: string): void {
    this.#forget(id);
  }

  #hasRoom(party: string | undefined): boolean {
    if (this.#untilMs.size >= this.#maxEntries) return false;
    if (party === undefined) return true;
    const isScarce = this.#untilMs.size >= this.#maxEntries * SCARCE_SHARE;
    return (
      (this.#countByParty.get(party) ?? 0) < (isScarce ? FEW_ENTRIES : Math.max(this.#maxEntries * SHARE, FEW_ENTRIES))
    );
  }

  #count(id: string, party: string): void {
    this.#partyOf.set(id, party);
    this.#countByParty.set(party, (this.#countByParty.get(party) ?? 0) + 1);
  }

  #forget(id: string): void {
    this.#untilMs.delete(id);
    const party = this.#partyOf.get(id);
    if (party === undefined) return;
    this.#partyOf.delete(id);
    const left = (this.#countByParty.get(party) ?? 0) - 1;
    if (left > 0) this.#countByParty.set(party, left);
    else this.#countByParty.delete(party);
  }

  #sweep(nowMs: number): void {
    this.#sweptAtMs = nowMs;
    for (const [id, untilMs] of this.#untilMs) {
      if (untilMs <= nowMs) this.#forget(id);
    }
  }
}
