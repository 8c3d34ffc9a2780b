/**
 * What becomes of a header because of its name, on the way to the target and back. Both ends send the same few dozen names
 * with each message: a name is judged once and looked up from then on.
 */

import { boundedMemo } from '../../core/memo.js';
import { usualCase } from '../../http/header-case.js';
import { isFieldName, isHopByHop, normalizedName } from '../../http/header-rules.js';
import { FieldLineCache } from '../../http1/request-writer.js';
import { REQUEST_URL_FIELDS, RESPONSE_URL_FIELDS, translated } from './url-fields.js';

export interface HeaderRule {
  readonly lower: string;
  /** `dropped`: it ends at this hop or is ours to give; `special`: whoever carries it looks at it. */
  readonly action: 'reject' | 'drop' | 'rewrite' | 'pass';
  /** How its headers are written; made with the first of them. */
  lines?: FieldLineCache;
}

/** The line of a header. Throws `MalformedRequest`. */
export function writeHeader(name: HeaderRule, value: string): string {
  name.lines ??= new FieldLineCache(usualCase(name.lower));
  return name.lines.write(value);
}

/** A judge of the names of one direction: drops `dropped` beside what is hop-by-hop anyway. */
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

/** To the target: it is told a `Host` and a framing of its own. */
export const classifyRequestName = headerClassifier({
  isDropped: (lower) => lower === 'host' || lower === 'content-length',
  rewritten: ['cookie', 'origin', ...translated(REQUEST_URL_FIELDS).keys()],
});

/** To the visitor: a target cannot speak for the agent, in any spelling. */
export const classifyResponseName = headerClassifier({
  isDropped: (lower) => normalizedName(lower) === 'postern-error',
  rewritten: ['content-length', 'set-cookie', ...translated(RESPONSE_URL_FIELDS).keys()],
});
