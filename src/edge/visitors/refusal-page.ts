/** The page in response to what never became a request, on every version of HTTP: too large, too slow or malformed. */
import type { PosternError } from '../../errors.js';
import { type Block, PAGE_HEADERS, renderPage } from '../replies/page.js';

const TITLES: Readonly<Partial<Record<PosternError['code'], string>>> = {
  ERR_HEADERS_TOO_LARGE: 'Too many cookies',
  ERR_METHOD_UNKNOWN: 'Unknown method',
  ERR_REQUEST_TIMEOUT: 'Too slow',
};

// In words: a page of the edge runs no script here, and a header would clear more than the cookies in question.
const HOW_TO_CLEAR: readonly Block[] = [
  {
    kind: 'text',
    text: 'Another site below the same domain may have set them. Remove the cookies of this address and of the domains above it, then reload.',
  },
  {
    kind: 'text',
    text: 'Chrome and Edge: the icon left of the address, then “Cookies and site data”. Firefox: the padlock, then “Clear cookies and site data”. Safari: Settings, Privacy, “Manage Website Data”.',
  },
];

/** `requestId` is in the log, too. */
export function refusalPage({ code, text }: PosternError, requestId: string) {
  const page = renderPage({
    title: TITLES[code] ?? 'Bad request',
    blocks: [{ kind: 'text', text }, ...(code === 'ERR_HEADERS_TOO_LARGE' ? HOW_TO_CLEAR : [])],
    facts: [
      ['Error', code],
      ['Request', requestId],
    ],
  });
  return { text: page, headers: { ...PAGE_HEADERS, 'Content-Type': 'text/html; charset=utf-8' } };
}
