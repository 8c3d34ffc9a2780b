/**
 * `NODES=2 node test/run.mjs e2e/…` runs any world with two nodes in place of one edge (two-as-one.ts). Not so where a test starts
 * its edge with something that two on one machine cannot have in common: a folder, a store of the test, sockets, TLS, a supervisor.
 */
import { compiled } from '../processes.js';

const ALONE = ['POSTERN_STATE_DIR', 'POSTERN_STORE_URL', 'POSTERN_WORKERS'];
const ONE_ADDRESS = /^127\.0\.0\.1:\d+$/;

/** What runs the script of an edge with this environment as two: its own script, if it is wanted and can be. */
export function asTwo(env: Readonly<Record<string, string | undefined>>): string[] {
  const isWanted = (process.env['NODES'] ?? '') !== '';
  const isAlone = ALONE.some((name) => env[name] !== undefined) || !ONE_ADDRESS.test(env['POSTERN_LISTEN'] ?? '');
  return isWanted && !isAlone ? [compiled('./nodes/two-as-one.js')] : [];
}

/** For `describe(name, { skip: notAsTwo(why) }, ...)` of what is about one process. */
export function notAsTwo(why: string): string | false {
  return (process.env['NODES'] ?? '') === '' ? false : `not with NODES: ${why}`;
}
