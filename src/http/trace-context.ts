/** The header `traceparent` (W3C Trace Context, section 3.2): which trace a request is part of, and whether it is recorded. */

export interface TraceParent {
  /** 32 hexadecimal digits, not all zero. */
  readonly traceId: string;
  /** Of the caller's span: 16 hexadecimal digits, not all zero. */
  readonly parentId: string;
  readonly isSampled: boolean;
}

// Version, trace-id, parent-id, flags; a version after 00 may have more behind a hyphen. Hexadecimal digits are lower-case.
const TRACEPARENT = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;

/** Reads a value; undefined for one that is malformed, doubled or of the forbidden version ff: it must not be used then. */
export function parseTraceparent(value: string | undefined): TraceParent | undefined {
  if (value === undefined) return undefined;
  const [, version, traceId = '', parentId = '', flags = '', more] = TRACEPARENT.exec(value) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (/^0*$/.test(traceId) || /^0*$/.test(parentId)) return undefined;
  return { traceId, parentId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** Writes a value of version 00. */
export function formatTraceparent({ traceId, parentId, isSampled }: TraceParent): string {
  return `00-${traceId}-${parentId}-${isSampled ? '01' : '00'}`;
}
