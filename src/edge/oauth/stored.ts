/** The objects of this wing in the store: what another release has written, or damage, counts as absent. */
import { readObject } from '../../store/json-value.js';

/** The object of an entry's value; undefined unless it has all of these fields. */
export function readStored<T extends object>(value: string, fields: readonly (keyof T & string)[]): T | undefined {
  const object = readObject(value);
  return fields.every((name) => object[name] !== undefined) ? (object as T) : undefined;
}
