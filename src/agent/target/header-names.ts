/**
 * The action that the name of a header asks for, on the way to the target and back. Both ends send the same few dozen names
 * with each message, so each name is classified once and looked up from then on.
 */

import { boundedMemo } from '../../core/memo.js';
import { usualCase } from '../../http/header-case.js';
import { isFieldName, isHopByHop, normalizedName } from '../../http/header-rules.js';
import { FieldLineCache } from '../../http1/request-writer.js';
import { REQUEST_URL_FIELDS, RESPONSE_URL_FIELDS, translated } from './url-fields.js';

export interface HeaderRule {
  readonly lower: string;
  /** `drop`: it ends at this hop, or Postern sets it; `rewrite`: the caller decides by its value. */
  readonly action: 'reject' | 'drop' | 'rewrite' | 'pass';
  /** Its lines as they are written; created with the first of them. */
  lines?: FieldLineCache;
}

/** The line of a header. Throws `MalformedRequest`. */
export function writeHeader(name: HeaderRule, value: string): string {
  name.lines ??= new FieldLineCache(usualCase(name.lower));
  return name.lines.write(value);
}

/** A classifier for one direction: drops `isDropped` in addition to hop-by-hop names. */
export function headerClassifier(direction: {
  readonly isDropped: (lower: string) => boolean;
  readonly rewritten: readonly string[];
}): (name: string) => HeaderRule {
  const actionOf = (lower: string): HeaderRule['action'] => {
    if (!isFieldName(lower)) return 'reject';
    if (isHopByHop(lower) || direction.isDropped(lower)) return 'drop';
    return direction.rewritten.includes(lower) ? 'rewrite' : 'pass';
  };
  const classify = (name: string): HeaderRule => {
    const lower = name.toLowerCase();
    return { lower, action: actionOf(lower) };
  };
  return boundedMemo(classify, { maxEntries: 1_000, maxKeyChars: 64 });
}

/**
 * To the target, which receives another `Host` and the framing of its own connection, and nothing of what the edge tells the
 * agent alone (`postern-…`).
 */
export const classifyRequestName = headerClassifier({
  isDropped: (lower) => lower === 'host' || lower === 'content-length' || lower.startsWith('postern-'),
  rewritten: ['cookie', 'origin', ...translated(REQUEST_URL_FIELDS).keys()],
});

/** To the visitor: a target cannot send an error of the agent's, in any spelling. */
export const classifyResponseName = headerClassifier({
  isDropped: (lower) => normalizedName(lower) === 'postern-error',
  rewritten: ['content-length', 'set-cookie', ...translated(RESPONSE_URL_FIELDS).keys()],
});
