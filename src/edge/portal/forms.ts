/** What the pages of the portal have in common: who looks at one, who posts one of its forms, and where that leads. */
import { type RequestHandler, urlencoded } from 'express';
import type { BaseAddress } from '../../core/hostname.js';
import { asPosternError, PosternError } from '../../errors.js';
import type { Caller, Callers } from '../api/caller.js';
import type { Page } from '../replies/page.js';
import { pageReply, redirect } from '../replies/reply.js';
import { isNavigation } from '../request/navigation.js';
import type { Reply, Visit } from '../request/visit.js';
import { isFromOrigin } from '../routes/csrf.js';
import { signInTo } from '../routes/sign-in-choice.js';

/** Reads a form before a route does. */
export const FORM_BODY: RequestHandler = urlencoded({ extended: false, limit: 4_096, inflate: false });

/** A page for the person who is signed in. A visitor without a session is sent to the sign-in, and back here. */
export async function guardedPage(
  callers: Callers,
  visit: Visit,
  page: (caller: Caller) => Promise<Page>,
): Promise<Reply> {
  try {
    return pageReply(await page(await callers.identify(visit)));
  } catch (thrown) {
    const error = asPosternError(thrown);
    if (error.code !== 'ERR_LOGIN_REQUIRED' || !isNavigation(visit)) throw error;
    return redirect(signInTo(visit.path));
  }
}

/** Who posts a form. Throws `ERR_CROSS_SITE` unless a page of the base host does. */
export async function postingCaller({ origin }: BaseAddress, callers: Callers, visit: Visit): Promise<Caller> {
  if (!isFromOrigin(visit, origin)) throw new PosternError('ERR_CROSS_SITE');
  return callers.identify(visit);
}

/** To the page that shows what a form has done. */
export function seeOther(path: string): Reply {
  return { ...redirect(path), status: 303 };
}
