/**
 * How an exchange with a visitor ended, for the log: a broken response has the status of a whole one, and is to be told
 * from it all the same.
 */
import type { ServerResponse } from 'node:http';
import type { PosternError } from '../../errors.js';

/** Who cut a response short: the target, the link to the agent, the edge itself, or the visitor who left. */
export type Cutter = 'target' | 'link' | 'edge' | 'visitor';

// A property: most responses are never cut, and a map would be asked about each.
const CUT = Symbol('cut');

type Cut = ServerResponse & { [CUT]?: Cutter };

/** Notes why a response is about to be cut short. The first reason counts. */
export function noteCut(response: Cut, { code }: Pick<PosternError, 'code'>): void {
  if (code === 'ERR_LINK_LOST') response[CUT] ??= 'link';
  else response[CUT] ??= code.startsWith('ERR_TARGET_') ? 'target' : 'edge';
}

/** Who cut a response that is closed; undefined for a whole one. */
export function cutterOf(response: Cut): Cutter | undefined {
  if (response[CUT] !== undefined) return response[CUT];
  // The response to an upgrade request lets go of its socket with the 101, and is never finished.
  const isWhole = response.writableFinished || response.statusCode === 101;
  return isWhole ? undefined : 'visitor';
}
