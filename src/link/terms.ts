/**
 * What an offer says besides who may open the tunnel, each in a header of its own: both halves of the handshake's part about
 * it. An offer without any has no terms, so that the requests of most tunnels pay for one comparison.
 */
import { listMembers } from '../core/white-space.js';
import { PosternError } from '../errors.js';
import { headerValues, type RawHeaders } from '../http/fields.js';
import {
  formatPublicPath,
  MAX_PUBLIC_PATHS,
  PUBLIC_PATH_WORDS,
  type PublicPath,
  parsePublicPath,
} from '../http/public-path.js';

export interface Terms {
  /** What is admitted without a session. */
  readonly publicPaths?: readonly PublicPath[] | undefined;
  /** Whether CORS preflights reach the app. */
  readonly preflight?: boolean | undefined;
  /** Whether an access token counts as a Basic password, too. */
  readonly accessTokenBasic?: boolean | undefined;
  /** Whether OAuth clients, such as MCP clients, may act for visitors with tokens of the edge. */
  readonly oauthResource?: boolean | undefined;
  /** Whether only GET, HEAD and OPTIONS are admitted, and no WebSocket. */
  readonly readOnly?: boolean | undefined;
  /** How many people may look at once. */
  readonly viewers?: number | undefined;
  /** Whether each request says to the agent which rule has admitted it, and how long the edge took. */
  readonly exchangeDetails?: boolean | undefined;
}

/** The most people of whom a tunnel keeps count. */
export const MAX_VIEWERS = 1_000;

const PUBLIC_PATHS = 'Postern-Public-Paths';
const PREFLIGHT = 'Postern-Preflight';
const ACCESS_TOKEN_BASIC = 'Postern-Access-Token-Basic';
const OAUTH_RESOURCE = 'Postern-OAuth-Resource';
const READ_ONLY = 'Postern-Read-Only';
const VIEWERS = 'Postern-Viewers';
const EXCHANGE_DETAILS = 'Postern-Exchange-Details';

/** The agent's half. */
export function writeTerms({
  publicPaths = [],
  preflight,
  accessTokenBasic,
  oauthResource,
  readOnly,
  viewers,
  exchangeDetails,
}: Terms): Record<string, string> {
  return {
    ...(publicPaths.length > 0 && { [PUBLIC_PATHS]: publicPaths.map(formatPublicPath).join(', ') }),
    ...(preflight && { [PREFLIGHT]: 'true' }),
    ...(accessTokenBasic && { [ACCESS_TOKEN_BASIC]: 'true' }),
    ...(oauthResource && { [OAUTH_RESOURCE]: 'true' }),
    ...(readOnly && { [READ_ONLY]: 'true' }),
    ...(viewers !== undefined && { [VIEWERS]: String(viewers) }),
    ...(exchangeDetails && { [EXCHANGE_DETAILS]: 'true' }),
  };
}

/** The edge's half. Undefined for an offer without terms. Throws `ERR_OFFER_INVALID`. */
export function readTerms(headers: RawHeaders): Terms | undefined {
  const terms = {
    publicPaths: readPublicPaths(headers),
    preflight: readSwitch(headers, PREFLIGHT),
    accessTokenBasic: readSwitch(headers, ACCESS_TOKEN_BASIC),
    oauthResource: readSwitch(headers, OAUTH_RESOURCE),
    readOnly: readSwitch(headers, READ_ONLY),
    viewers: readViewers(headers),
    exchangeDetails: readSwitch(headers, EXCHANGE_DETAILS),
  };
  return Object.values(terms).some((term) => term !== undefined) ? terms : undefined;
}

function readPublicPaths(headers: RawHeaders): PublicPath[] | undefined {
  const items = headerValues(headers, PUBLIC_PATHS.toLowerCase()).flatMap(listMembers);
  if (items.length > MAX_PUBLIC_PATHS)
    throw offerInvalid(`${PUBLIC_PATHS} may hold at most ${MAX_PUBLIC_PATHS} paths.`);
  const paths = items.map((text) => {
    const path = parsePublicPath(text);
    if (path === undefined)
      throw offerInvalid(`${PUBLIC_PATHS} holds what is no public path: expected ${PUBLIC_PATH_WORDS}.`);
    return path;
  });
  return paths.length === 0 ? undefined : paths;
}

function readSwitch(headers: RawHeaders, name: string): true | undefined {
  const values = headerValues(headers, name.toLowerCase());
  if (values.length === 0) return undefined;
  if (values.length > 1 || values[0] !== 'true')
    throw offerInvalid(`${name} says nothing: expected true, or no such header.`);
  return true;
}

function readViewers(headers: RawHeaders): number | undefined {
  const values = headerValues(headers, VIEWERS.toLowerCase());
  if (values.length === 0) return undefined;
  const [text = ''] = values;
  const viewers = values.length === 1 && /^[1-9]\d{0,3}$/.test(text) ? Number(text) : Number.NaN;
  if (!(viewers <= MAX_VIEWERS)) throw offerInvalid(`${VIEWERS} is not a number from 1 to ${MAX_VIEWERS}.`);
  return viewers;
}

function offerInvalid(text: string): PosternError {
  return new PosternError('ERR_OFFER_INVALID', text, { text });
}
