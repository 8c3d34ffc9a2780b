/** The variants of one edge that are measured in turns: the protocol of visitors, and what an operator watches. */

/** The columns of the table. */
export const HTTP2 = 'HTTP/2';
export const HTTP1 = 'HTTP/1.1';
export const EYES_ON = 'eyes on';
export const EYES_OFF = 'eyes off';
export const INSPECTOR_ON = 'inspector on';
export const INSPECTOR_OFF = 'inspector off';
export const SAME_WORKER = 'same worker';
export const OTHER_WORKER = 'other worker';
export const ONE_PROCESS = 'one process';
export const TWO_WORKERS = 'two workers';

// Of a browser behind a proxy, and of many.
export const VISITOR_CONNECTIONS = 8;
const STREAMS = [8, 31] as const; // 250 requests at once are the share of one account on a link
const PATHS = [
  ['1 KB', '/1k'],
  ['100 KB', '/100k'],
] as const;
const DOORS = [
  ['TLS', 'tls'],
  ['clear text', 'clear'],
] as const;

/** What is measured of visitors: by scheme, size and requests at once on each connection. */
export const VISITOR_CASES = DOORS.flatMap(([words, door]) =>
  PATHS.flatMap(([size, path]) =>
    STREAMS.map((streams) => ({
      door,
      path,
      streams,
      measure: `${size} over ${words}, ${VISITOR_CONNECTIONS} x ${streams} at once, requests/s`,
    })),
  ),
);
