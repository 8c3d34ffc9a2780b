/** A deliberate fault: a place of the source, what it says there, what it says instead, and the tests that should notice. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Mutant {
  readonly file: string;
  /** What goes wrong with it. */
  readonly fault: string;
  /** Stands in the file exactly once. */
  readonly before: string;
  readonly after: string;
  /** Test files below `test/`. */
  readonly tests: readonly string[];
}

/** The text of the mutant's file below a root, with the fault in it. Throws an error that names an entry that is stale. */
export function mutate(root: string, { file, fault, before, after, tests }: Mutant): string {
  const stale = (why: string) => new Error(`stale entry "${fault}" of ${file}: ${why}`);
  const missing = [file, ...tests.map((test) => `test/${test}`)].find((path) => !existsSync(join(root, path)));
  if (missing !== undefined) throw stale(`there is no ${missing}`);
  const [start, end, ...more] = readFileSync(join(root, file), 'utf8').split(before);
  if (start === undefined || end === undefined || more.length > 0) {
    throw stale(`its text stands there ${end === undefined ? 'nowhere' : 'more than once'}:\n${before}`);
  }
  if (before === after) throw stale('it changes nothing');
  return start + after + end;
}
