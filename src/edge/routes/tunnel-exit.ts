/** How a visitor without a session leaves a tunnel's host for the sign-in, and what their browser forgets on the way. */
import type { Sessions } from '../../auth/session/sessions.js';
import { NEW_OWNER } from '../gate/gate.js';
import { redirect } from '../replies/reply.js';
import { type Reply, tunnelName, type VisitRequest } from '../request/visit.js';
import type { SignIn } from './sign-in.js';
import type { SignInChoice } from './sign-in-choice.js';

interface Parts {
  readonly sessions: Sessions;
  readonly signIn: SignIn;
}

export const CLEAR_STORED = { 'Clear-Site-Data': '"cache", "storage"' };

export interface Exit {
  /** Where the visitor comes back to. */
  readonly path: string;
  readonly choice: SignInChoice;
  /** Why the gate refused, if it did. */
  readonly reason?: string;
}

/** The redirect to the base host, where the sign-in starts. */
export async function leaveTunnel(parts: Parts, request: VisitRequest, { path, choice, reason }: Exit): Promise<Reply> {
  const { location, cookies } = parts.signIn.redirectToBase(request, tunnelName(request), path, choice);
  const cleared = await clearEnded(parts, request, reason);
  return redirect(location, [...cookies, ...cleared], cleared.length > 0 ? CLEAR_STORED : {});
}

/**
 * What the app has stored in the browser of a visitor who signed out here, or for whom the name had another owner, ends
 * with the session: its service worker too, which would go on answering in its place. The cookie that tells so is cleared
 * along with it, and is empty where nothing has ended.
 */
export async function clearEnded(
  { sessions }: Parts,
  { header, host }: VisitRequest,
  reason: string | undefined,
): Promise<readonly string[]> {
  const isOver = reason === NEW_OWNER || (await sessions.hasEnded(header['cookie'], host));
  return isOver ? [sessions.clear()] : [];
}
