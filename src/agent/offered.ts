/** What an agent asks of the edge for its tunnel: from its options to an offer. */
import { PosternError } from '../errors.js';
import { PUBLIC_PATH_WORDS, parsePublicPath } from '../http/public-path.js';
import type { Offer } from '../link/handshake.js';
import type { Terms } from '../link/terms.js';

/** What the edge must know of a tunnel, and enforces. */
export interface OfferOptions {
  /** Allow rules as written; none, the default, admits only the owner. */
  readonly allow?: readonly string[];
  /** Origins besides the tunnel's own whose pages may cause requests for it; none unless given. */
  readonly allowOrigins?: readonly string[];
  /** Origins besides the tunnel's own whose pages may show it in a frame; none unless given. */
  readonly allowFrames?: readonly string[];
  /** Requests that need no session, such as `POST /webhooks/*`; none unless given. Only where the edge permits it. */
  readonly publicPaths?: readonly string[];
  /** Whether CORS preflights reach the target; not unless given. Only where the edge permits it. */
  readonly preflight?: boolean | undefined;
  /** Whether an access token counts as the Basic password of `postern`, too; not unless given. */
  readonly accessTokenBasic?: boolean | undefined;
  /** Whether OAuth clients, such as MCP clients, may act for visitors; not unless given. */
  readonly oauthResource?: boolean | undefined;
  /** Whether visitors may only look (GET, HEAD, OPTIONS); not unless given. */
  readonly readOnly?: boolean | undefined;
  /** How many people may look at once; as many as come unless given. */
  readonly viewers?: number | undefined;
}

/** What an offer says, but for name and token. */
export type Offered = Pick<Offer, 'allow' | 'origins' | 'frameOrigins' | 'terms'>;

/** Throws `ERR_CONFIG_INVALID` when an option is not valid. */
export function offerOf(options: OfferOptions): Offered {
  const { allow = [], allowOrigins: origins = [], allowFrames: frameOrigins = [] } = options;
  return { allow, origins, frameOrigins, terms: termsOf(options) };
}

function termsOf({ publicPaths = [], ...terms }: OfferOptions): Terms {
  const { preflight, accessTokenBasic, oauthResource, readOnly, viewers } = terms;
  const paths = publicPaths.map((text) => {
    const path = parsePublicPath(text);
    if (path === undefined)
      throw new PosternError(
        'ERR_CONFIG_INVALID',
        `publicPaths: there is one that is none: expected ${PUBLIC_PATH_WORDS}.`,
      );
    return path;
  });
  return { publicPaths: paths, preflight, accessTokenBasic, oauthResource, readOnly, viewers };
}
