/**
 * What a hostile visitor writes on a socket: requests that are almost right, then bent. Made by fast-check, so that one
 * number makes the same bytes again. `{tunnel}`, `{base}`, `{cookie}` and `{mark}` are put in when they are sent: the
 * bytes of a seed do not depend on the ports of a run.
 */
import fc from 'fast-check';

/** A connection and everything that is written on it. */
export interface Attack {
  /** Latin-1 text with placeholders. */
  readonly text: string;
  /** Whether `{cookie}` stands for a session; it is left out otherwise. */
  readonly signedIn: boolean;
  readonly bends: readonly Bend[];
  /** In how many writes the bytes leave. */
  readonly pieces: number;
  readonly end: string;
}

interface Bend {
  readonly kind: 'flip' | 'insert' | 'delete' | 'repeat' | 'cut';
  /** Where, as a part of the whole. */
  readonly at: number;
  readonly length: number;
  readonly byte: number;
}

const METHODS = ['GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'PATCH', 'PURGE', 'TRACE', 'CONNECT', 'get', 'G T', ''];
const TARGETS = [
  '/{mark}',
  '/{mark}/a%2Fb?x=1&y=%2F',
  '//{mark}',
  '/{mark}#fragment',
  '/{mark}\\..\\x',
  'http://{tunnel}/{mark}',
  'http://{base}/{mark}',
  '*',
  '',
  '/%',
  `/{mark}/${'a'.repeat(9000)}`,
  '/.postern/..;/{mark}',
  '/.postern%2f{mark}',
  '/.postern/userinfo',
  '/.postern/session?rd=//{mark}',
  '/.postern/session?ticket=x.y.z',
  '/.postern/link',
  '/oauth2/start?rd=/{mark}&rd=/x',
  '/oauth2/callback?code=x&state=y',
  '/oauth2/callback?state[]=y&error=access_denied&error_description=<b>',
  '/oauth2/sign_out',
];
const HOSTS = ['{tunnel}', '{base}', '{tunnel}.', 'nobody.{base}', '{tunnel}@evil', 'x.{tunnel}', '[::1]', '', '\xe9'];
const LINES = [
  'X-Forwarded-Email: ana@acme.com',
  'X_Forwarded_Email: ana@acme.com',
  'x.forwarded-email: ana@acme.com',
  'Connection: close, X-Forwarded-Email, Cookie',
  'Connection: keep-alive',
  'Expect: 100-continue',
  'Cookie: postern-session=forged; a=b',
  `Cookie: ${'a=b; '.repeat(2000)}`,
  'Origin: null',
  'Accept: text/html',
  'Sec-Fetch-Mode: navigate',
  'Sec-Fetch-Dest: document',
  'X: \xff\xfe',
  '__proto__: x',
  'constructor: x',
  'Range: bytes=0-0,1-1,-1',
  'TE: trailers',
  'HTTP2-Settings: AAMAAABkAAQAAP__',
  'Trailer: X-Forwarded-Email',
];
const WRONG_LINES = [
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding : chunked',
  'Content-Length: 3',
  'Content-Length: +3',
  'Content-Length: 99999999999999999999',
  'Expect: everything',
  'Host: {base}',
  ' folded: line',
  'X: \x00',
];
const UPGRADE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
];
// Read as requests only by somebody who counted the body of the one before differently.
const SMUGGLED = 'GET /{mark}/smuggled HTTP/1.1\r\nHost: {tunnel}\r\nX-Forwarded-Email: ana@acme.com\r\n\r\n';
const BODIES = [
  '',
  'abc',
  SMUGGLED,
  `0\r\n\r\n${SMUGGLED}`,
  '3\r\nabc\r\n0\r\n\r\n',
  '6\r\nabcdef\r\n0\r\n\r\n',
  'A\r\n0123456789\r\n0\r\nX-Trailer: a\r\n\r\n',
  '3;x=y\r\nabc\r\n0\r\nX-Forwarded-Email: ana@acme.com\r\n\r\n',
  'fffffffffffffffff\r\nabc',
  '-1\r\n',
  '3\nabc\n0\n\n',
];
// A masked text frame, a ping, a close, one of a reserved opcode, and one that announces 2^63 bytes.
const FRAMES = [
  '\x81\x85\x00\x00\x00\x00hello',
  '\x89\x80\x00\x00\x00\x00',
  '\x88\x82\x00\x00\x00\x00\x03\xe8',
  '\x83\x00',
  `\x82\xff${'\xff'.repeat(8)}\x00\x00\x00\x00x`,
];

const bytes = fc.uint8Array({ maxLength: 40 }).map((values) => Buffer.from(values).toString('latin1'));
const line = fc.oneof(
  { weight: 28, arbitrary: fc.constantFrom(...LINES) },
  { weight: 1, arbitrary: fc.constantFrom(...WRONG_LINES) },
  { weight: 1, arbitrary: bytes.map((value) => `X: ${value}`) },
);
const head = fc
  .record({
    method: fc.oneof({ weight: 8, arbitrary: fc.constantFrom('GET', 'POST', 'PUT') }, fc.constantFrom(...METHODS)),
    target: fc.oneof({ weight: 4, arbitrary: fc.constant('/{mark}') }, fc.constantFrom(...TARGETS)),
    version: fc.oneof({ weight: 9, arbitrary: fc.constant('HTTP/1.1') }, fc.constantFrom('HTTP/1.0', 'HTTP/2.0', '')),
    host: fc.oneof({ weight: 15, arbitrary: fc.constant('{tunnel}') }, fc.constantFrom(...HOSTS)),
    lines: fc.array(line, { maxLength: 6 }),
  })
  .map(({ method, target, version, host, lines }) => [`${method} ${target} ${version}`, `Host: ${host}`, ...lines]);
const request = fc
  .tuple(head, fc.oneof({ weight: 8, arbitrary: fc.constant('') }, fc.constantFrom(...BODIES), bytes))
  .map(([lines, body]) => join(lines, body));
const chunked = fc
  .tuple(head, fc.constantFrom(...BODIES))
  .map(([lines, body]) => join([...lines, 'Transfer-Encoding: chunked'], body));
const framed = fc
  .tuple(head, fc.constantFrom(...BODIES))
  .map(([lines, body]) => join([...lines, `Content-Length: ${body.length}`], body));
const upgrade = fc
  .tuple(head, fc.array(fc.oneof(fc.constantFrom(...FRAMES), bytes), { maxLength: 4 }))
  .map(([[, ...lines], frames]) => join(['GET /ws/{mark} HTTP/1.1', ...lines, ...UPGRADE], frames.join('')));

const bend: fc.Arbitrary<Bend> = fc.record({
  kind: fc.constantFrom('flip', 'insert', 'delete', 'repeat', 'cut'),
  at: fc.nat({ max: 9_999 }).map((part) => part / 10_000),
  length: fc.integer({ min: 1, max: 64 }),
  byte: fc.nat({ max: 255 }),
});

/** One connection of a hostile visitor: one request or several, bent in at most three places. */
export const attacks: fc.Arbitrary<Attack> = fc.record({
  text: fc
    .array(fc.oneof({ weight: 3, arbitrary: request }, framed, chunked, upgrade), { minLength: 1, maxLength: 3 })
    .map((requests) => requests.join('')),
  signedIn: fc.boolean(),
  bends: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(bend, { maxLength: 3 })),
  pieces: fc.integer({ min: 1, max: 5 }),
  end: fc.oneof({ weight: 6, arbitrary: fc.constant('wait') }, fc.constantFrom('half-close', 'reset')),
});

/** Bends bytes: the same bends of the same bytes are the same bytes. */
export function bendBytes(whole: Buffer, bends: readonly Bend[]): Buffer {
  return bends.reduce((now, { kind, at, length, byte }) => {
    const start = Math.floor(at * now.length);
    const before = now.subarray(0, start);
    const after = now.subarray(start);
    if (kind === 'cut') return before;
    if (kind === 'delete') return Buffer.concat([before, after.subarray(length)]);
    if (kind === 'insert') return Buffer.concat([before, Buffer.alloc(length, byte), after]);
    if (kind === 'repeat') return Buffer.concat([before, after.subarray(0, length), after]);
    return Buffer.concat([before, Buffer.from([(after[0] ?? 0) ^ (byte || 1)]), after.subarray(1)]);
  }, whole);
}

function join(lines: readonly string[], body: string): string {
  return `${[...lines, '{cookie}'].join('\r\n')}\r\n\r\n${body}`;
}
