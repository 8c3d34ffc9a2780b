/** The static table (RFC 7541 section 2.3.1 and appendix A), for both directions. */

/** A field of a table. Each code unit holds one octet. */
export interface TableField {
  readonly name: string;
  readonly value: string;
}

const ROWS: readonly (readonly [name: string, value: string])[] = [
  [':authority', ''],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  [':status', '200'],
  [':status', '204'],
  [':status', '206'],
  [':status', '304'],
  [':status', '400'],
  [':status', '404'],
  [':status', '500'],
  ['accept-charset', ''],
  ['accept-encoding', 'gzip, deflate'],
  ['accept-language', ''],
  ['accept-ranges', ''],
  ['accept', ''],
  ['access-control-allow-origin', ''],
  ['age', ''],
  ['allow', ''],
  ['authorization', ''],
  ['cache-control', ''],
  ['content-disposition', ''],
  ['content-encoding', ''],
  ['content-language', ''],
  ['content-length', ''],
  ['content-location', ''],
  ['content-range', ''],
  ['content-type', ''],
  ['cookie', ''],
  ['date', ''],
  ['etag', ''],
  ['expect', ''],
  ['expires', ''],
  ['from', ''],
  ['host', ''],
  ['if-match', ''],
  ['if-modified-since', ''],
  ['if-none-match', ''],
  ['if-range', ''],
  ['if-unmodified-since', ''],
  ['last-modified', ''],
  ['link', ''],
  ['location', ''],
  ['max-forwards', ''],
  ['proxy-authenticate', ''],
  ['proxy-authorization', ''],
  ['range', ''],
  ['referer', ''],
  ['refresh', ''],
  ['retry-after', ''],
  ['server', ''],
  ['set-cookie', ''],
  ['strict-transport-security', ''],
  ['transfer-encoding', ''],
  ['user-agent', ''],
  ['vary', ''],
  ['via', ''],
  ['www-authenticate', ''],
];

/** The static table has the indexes 1 to 61; those of the dynamic table follow (section 2.3.3). */
export const STATIC_FIELD_COUNT = ROWS.length;

/** The fields by index. Neither table uses index 0. */
export const STATIC_FIELDS: readonly (TableField | undefined)[] = [
  undefined,
  ...ROWS.map(([name, value]) => ({ name, value })),
];

/** The entries of one name in the static table. */
export interface StaticName {
  /** The lowest index of the name, for literals with an indexed name. */
  readonly index: number;
  /** The index of each value. */
  readonly values: ReadonlyMap<string, number>;
}

/** The names of the static table. */
export const STATIC_NAMES: ReadonlyMap<string, StaticName> = collectNames();

function collectNames(): Map<string, StaticName> {
  const names = new Map<string, { index: number; values: Map<string, number> }>();
  ROWS.forEach(([name, value], place) => {
    const known = names.get(name) ?? { index: place + 1, values: new Map<string, number>() };
    known.values.set(value, place + 1);
    names.set(name, known);
  });
  return names;
}
