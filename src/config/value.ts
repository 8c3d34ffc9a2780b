/**
 * How a value is checked: from the text of an option to what the program uses, or to what is wrong with it. Each problem
 * is the end of a sentence that begins with the option's name.
 */
import { quoted } from './text.js';

/** What came of a text. */
export interface Reading<T> {
  /** Undefined when the text has no value at all; there is a problem then. */
  readonly value: T | undefined;
  /** Empty when the value may be used. */
  readonly problems: readonly string[];
}

/** Reads the text of an option. */
export class Value<out T> {
  readonly read: (text: string) => Reading<T>;

  constructor(read: (text: string) => Reading<T>) {
    this.read = read;
  }

  /** Accepts only values that pass a further test; without a value there is nothing to test. */
  refine(accepts: (value: T) => boolean, message: string): Value<T> {
    return new Value((text) => {
      const { value, problems } = this.read(text);
      const isRefused = value !== undefined && !accepts(value);
      return { value, problems: isRefused ? [...problems, message] : problems };
    });
  }
}

/** The type of what a `Value` reads. */
export type ValueOf<V> = V extends Value<infer T> ? T : never;

/** A value from a function that returns undefined for what it refuses. `expected` completes `"x" is not …`. */
export function parsed<T>(parse: (text: string) => T | undefined, expected: string): Value<T> {
  return new Value((text) => {
    const value = parse(text);
    return { value, problems: value === undefined ? [`${quoted(text)} is not ${expected}`] : [] };
  });
}

/** Text that no problem may quote. */
export function secretText(accepts: (text: string) => boolean, message: string): Value<string> {
  return new Value<string>((value) => ({ value, problems: [] })).refine(accepts, message);
}

/** A list, separated by commas; every wrong item is a problem of its own. */
export function list<T>(item: Value<T>): Value<T[]> {
  return new Value((text) => {
    const items = text.split(',').map((part) => item.read(part.trim()));
    const values = items.flatMap(({ value }) => (value === undefined ? [] : [value]));
    const isComplete = values.length === items.length;
    return { value: isComplete ? values : undefined, problems: items.flatMap(({ problems }) => problems) };
  });
}
