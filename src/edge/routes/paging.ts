/**
 * Lists that can grow, a page at a time: `limit` and `cursor` of the query, and the way to the next page in the JSON and in
 * `Link` (RFC 8288). A cursor is the position of the last entry of a page, so entries that come and go meanwhile neither
 * repeat nor hide another one.
 */
import type { BaseAddress } from '../../core/hostname.js';
import { PosternError } from '../../errors.js';
import type { Block } from '../replies/page.js';
import { jsonReply } from '../replies/reply.js';
import type { Reply, VisitRequest } from '../request/visit.js';
import { queryOf } from './session.js';

/** Where an entry is in its list: unlike that of any other, and the same for as long as the entry is there. */
export type Position = readonly (string | number)[];

export interface Listing<T> {
  /** Names the list: in the JSON, and in its cursors. */
  readonly name: string;
  /** All entries, in any order. */
  readonly items: readonly T[];
  /** Entries are listed by it, ascending. */
  readonly positionOf: (item: T) => Position;
}

export interface ListPage<T> {
  readonly items: readonly T[];
  /** The cursor of the next page; null on the last one. */
  readonly next: string | null;
}

export const DEFAULT_LIMIT = 100;
export const MAX_LIMIT = 1_000;

const MAX_CURSOR_CHARS = 2_048;

/** The page that the query of a request asks for. Throws `ERR_BAD_REQUEST` for an invalid `limit` or `cursor`. */
export function pageOf<T>(request: Pick<VisitRequest, 'path'>, listing: Listing<T>): ListPage<T> {
  const query = queryOf(request);
  return pageAfter(readCursor(query.getAll('cursor'), listing.name), readLimit(query.getAll('limit')), listing);
}

/** The first page of a list. */
export function firstPage<T>(listing: Listing<T>, limit = DEFAULT_LIMIT): ListPage<T> {
  return pageAfter(undefined, limit, listing);
}

/** One page of a list as JSON: the entries under the list's name, and `next`. Throws as `pageOf`. */
export function listReply<T>(
  { origin }: BaseAddress,
  visit: Pick<VisitRequest, 'path'>,
  listing: Listing<T> & { readonly describe: (item: T) => object },
): Reply {
  const { items, next } = pageOf(visit, listing);
  const headers = next === null ? {} : { Link: `<${nextUrl(origin, visit, next)}>; rel="next"` };
  return jsonReply({ [listing.name]: items.map(listing.describe), next }, headers);
}

/** The link of a page of the portal to the next one. */
export function nextLink(path: string, next: string | null): readonly Block[] {
  return next === null ? [] : [{ kind: 'more', label: 'Show more', href: `${path}?cursor=${next}` }];
}

function pageAfter<T>(last: Position | undefined, limit: number, { name, items, positionOf }: Listing<T>): ListPage<T> {
  const placed = items.map((item) => ({ item, position: positionOf(item) }));
  const behind = last === undefined ? placed : placed.filter(({ position }) => compare(position, last) > 0);
  const page = behind.sort((one, other) => compare(one.position, other.position)).slice(0, limit);
  const end = behind.length > limit ? page.at(-1) : undefined;
  return { items: page.map(({ item }) => item), next: end === undefined ? null : writeCursor(name, end.position) };
}

function nextUrl(origin: string, { path }: Pick<VisitRequest, 'path'>, cursor: string): string {
  const url = new URL(origin + path);
  url.searchParams.set('cursor', cursor);
  return url.href;
}

function readLimit([text, ...others]: readonly string[]): number {
  if (text === undefined) return DEFAULT_LIMIT;
  const limit = /^[1-9]\d{0,3}$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
  if (others.length > 0 || limit > MAX_LIMIT) throw invalid(`"limit" is not a whole number from 1 to ${MAX_LIMIT}.`);
  return limit;
}

function readCursor([text, ...others]: readonly string[], name: string): Position | undefined {
  if (text === undefined) return undefined;
  const parts = others.length === 0 && text.length <= MAX_CURSOR_CHARS ? decode(text) : [];
  const [list, ...position] = parts;
  if (list !== name || position.length === 0) throw invalidCursor();
  return position;
}

function writeCursor(name: string, position: Position): string {
  return Buffer.from(JSON.stringify([name, ...position])).toString('base64url');
}

function decode(text: string): Position {
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    return Array.isArray(parts) && parts.every(isPart) ? parts : [];
  } catch {
    return []; // not a cursor: the caller says so
  }
}

function isPart(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

/** Strings by their UTF-16 code units. Throws for positions of different lists. */
function compare(one: Position, other: Position): number {
  if (one.length !== other.length) throw invalidCursor();
  for (const [at, part] of one.entries()) {
    const against = other[at];
    if (against === undefined || typeof part !== typeof against) throw invalidCursor();
    if (part !== against) return part < against ? -1 : 1;
  }
  return 0;
}

function invalidCursor(): PosternError {
  return invalid('"cursor" is not the cursor of a page of this list: leave it out to begin with the first page.');
}

function invalid(text: string): PosternError {
  return new PosternError('ERR_BAD_REQUEST', text, { text });
}
