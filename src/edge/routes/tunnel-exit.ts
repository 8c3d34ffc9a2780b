/** The redirect of a visitor without a session from a tunnel's host to the sign-in, and what it clears in the browser. */
import type { Sessions } from '../../auth/session/sessions.js';
import { NEW_OWNER } from '../gate/refusal.js';
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
  /** The path to which the visitor returns. */
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
 * Returns the line that removes the session cookie when the visitor has signed out here, or when the session is of a former
 * owner of the name; empty otherwise. What the app has stored is to be cleared with it, including its service worker, which
 * would otherwise go on responding in the app's place.
 */
export async function clearEnded(
  { sessions }: Parts,
  { header, host }: VisitRequest,
  reason: string | undefined,
): Promise<readonly string[]> {
  const isOver = reason === NEW_OWNER || (await sessions.hasEnded(header['cookie'], host));
  return isOver ? [sessions.clear()] : [];
}
