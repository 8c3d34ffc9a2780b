/** The JSON objects that entries of a store hold. */

/** The object of an entry's value; empty for anything else, so that no field of it is there. */
export function readObject(value: string): Readonly<Partial<Record<string, unknown>>> {
  try {
    const object: unknown = JSON.parse(value);
    return typeof object === 'object' && object !== null ? (object as Record<string, unknown>) : {};
  } catch {
    return {}; // of another release, or damaged
  }
}
