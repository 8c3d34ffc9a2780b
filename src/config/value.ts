/**
 * How a value is checked: a zod schema from the text of an option to what the program uses. Each message is the end of
 * a sentence that begins with the option's name.
 */
import { z } from 'zod';
import { quoted } from './text.js';

/** A schema from the text of an option to its value. */
export type Value<T> = z.ZodType<T, string>;

/** A schema from a function that gives undefined for what it refuses. `expected` completes `"x" is not …`. */
export function parsed<T>(read: (text: string) => T | undefined, expected: string): Value<T> {
  return z.string().transform((text, context) => {
    const result = read(text);
    if (result !== undefined) return result;
    context.addIssue({ code: 'custom', message: `${quoted(text)} is not ${expected}` });
    return z.NEVER;
  });
}

/** A schema of text that no message may quote. */
export function secretText(accepts: (text: string) => boolean, message: string): Value<string> {
  return z.string().refine(accepts, message);
}

/** A schema of a list, separated by commas; every wrong item is a problem of its own. */
export function list<T>(item: Value<T>): Value<T[]> {
  const split = z.string().transform((text) => text.split(',').map((part) => part.trim()));
  return split.pipe(z.array(item));
}
