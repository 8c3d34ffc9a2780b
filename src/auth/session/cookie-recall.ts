/**
 * What a connection's last request brought as cookies, and what was found in them. A browser sends the same ones with each
 * request: then all of it is known by one comparison. Of a connection and of nobody else, so that no visitor's cookies are
 * ever compared with another's.
 */
import type { Session } from './sealed-session.js';

export interface CookieRecall {
  cookieHeader?: string;
  /** The session in it, as it was opened. Whether it still counts is judged each time. */
  session?: Session | undefined;
  /** What of it goes on to the target. */
  others?: string | undefined;
}

/** What is recalled of this `Cookie` header: of another one it is forgotten. */
export function recallCookies(recall: CookieRecall, cookieHeader: string): CookieRecall {
  if (recall.cookieHeader !== cookieHeader) {
    recall.session = undefined;
    recall.others = undefined;
  }
  // This very text, also where it is equal: whoever asks again for this request has it compared at once.
  recall.cookieHeader = cookieHeader;
  return recall;
}
