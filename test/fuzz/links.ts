/**
 * What a hostile agent with a valid token says on its link: HTTP/2 frames (RFC 9113 section 4) that answer the edge's
 * streams almost rightly, then bent. And what knocks at the endpoint of agents without being one.
 */
import fc from 'fast-check';
import { bendBytes } from './requests.js';

/** A hostile agent: what it offers, and what it says at each message of the edge. */
export interface LinkAttack {
  readonly offer: Readonly<Record<string, string>>;
  readonly words: readonly Buffer[];
}

const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  more: 9,
};
const STATUS_200 = Buffer.from([0x88]); // RFC 7541 appendix A
const FIELDS = [
  [':status', '000'],
  [':status', '101'],
  [':status', '103'],
  [':status', '204'],
  [':status', '600'],
  [':path', '/'],
  ['content-length', '3'],
  ['content-length', '99999999999999999999'],
  ['transfer-encoding', 'chunked'],
  ['connection', 'close'],
  ['set-cookie', 'postern-session=evil; Domain=localhost'],
  ['x-\r\nevil', 'a\r\nset-cookie: b=c'],
  ['Upper', 'case'],
  ['', ''],
  ['postern-error', 'ERR_LOGIN_REQUIRED'],
  ['location', '//evil.test/'],
  ['x', '\xff\x00'],
  ['big', 'x'.repeat(20_000)],
] as const;

const streams = fc.constantFrom(1, 3, 5, 7, 0, 2, 0x7fff_ffff);
const flags = fc.constantFrom(4, 5, 0, 1, 8, 0x20, 0x2d, 0xff);
const garbage = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes));
const block = fc
  .array(fc.constantFrom(...FIELDS), { maxLength: 4 })
  .map((fields) => Buffer.concat([STATUS_200, ...fields.map(([name, value]) => literal(name, value))]));
const wide = fc.constantFrom(0, 1, 0x7fff_ffff, 0xffff_ffff, 16_384, 16_383).map(number32);
const setting = fc.tuple(fc.constantFrom(1, 2, 3, 4, 5, 6, 8, 9, 0xffff), wide).map(([id, value]) => {
  return Buffer.concat([number32(id).subarray(2), value]);
});

// The reply that an honest agent would give, so that some streams come to life.
const reply = streams.map((stream) =>
  Buffer.concat([frame(FRAME.headers, 4, stream, STATUS_200), frame(FRAME.data, 1, stream, Buffer.from('fuzz'))]),
);
const word = fc.oneof(
  { weight: 40, arbitrary: reply },
  fc.tuple(flags, streams, block).map(([flag, stream, fields]) => frame(FRAME.headers, flag, stream, fields)),
  fc.tuple(flags, streams, garbage).map(([flag, stream, bytes]) => frame(FRAME.data, flag, stream, bytes)),
  fc.tuple(flags, streams, block).map(([flag, stream, fields]) => frame(FRAME.more, flag, stream, fields)),
  fc.tuple(streams, wide).map(([stream, value]) => frame(FRAME.window, 0, stream, value)),
  fc.tuple(streams, wide).map(([stream, value]) => frame(FRAME.reset, 0, stream, value)),
  fc.array(setting, { maxLength: 6 }).map((settings) => frame(FRAME.settings, 0, 0, Buffer.concat(settings))),
  fc.constant(frame(FRAME.settings, 1, 0)),
  fc
    .tuple(flags, garbage)
    .map(([flag, bytes]) => frame(FRAME.ping, flag, 0, Buffer.concat([bytes, Buffer.alloc(8)]).subarray(0, 8))),
  fc.tuple(wide, wide).map(([last, code]) => frame(FRAME.goaway, 0, 0, Buffer.concat([last, code]))),
  fc
    .tuple(streams, block)
    .map(([stream, fields]) => frame(FRAME.push, 4, stream, Buffer.concat([number32(2), fields]))),
  fc
    .tuple(fc.nat({ max: 255 }), flags, streams, garbage)
    .map(([type, flag, stream, bytes]) => frame(type, flag, stream, bytes)),
  garbage,
);
const bend = fc.record({
  kind: fc.constantFrom('flip' as const, 'insert' as const, 'delete' as const, 'repeat' as const, 'cut' as const),
  at: fc.nat({ max: 9_999 }).map((part) => part / 10_000),
  length: fc.integer({ min: 1, max: 12 }),
  byte: fc.nat({ max: 255 }),
});
const speech = fc
  .tuple(
    fc.array(word, { maxLength: 3 }),
    fc.oneof({ weight: 6, arbitrary: fc.constant([]) }, fc.array(bend, { maxLength: 2 })),
  )
  .map(([words, bends]) => bendBytes(Buffer.concat(words), bends));

const odd = fc.constantFrom('', 'demo', 'www', '../x', 'x'.repeat(70), '@acme.com', '*', 'public', '%E0%A4%A', 'a,b,c');
// Header values as `ws` sends them: what cannot be written is not an attack.
const offer = fc.record(
  {
    'postern-tunnel': odd,
    'postern-allow': odd,
    'postern-agent': odd,
    authorization: fc.constantFrom('Bearer x', 'Basic eDp5', 'Bearer', `Bearer ${'x'.repeat(5000)}`),
    origin: fc.constantFrom('null', 'http://evil.test'),
    'sec-websocket-extensions': fc.constant('permessage-deflate'),
  },
  { requiredKeys: [] },
);

/** One hostile agent; most of them make an offer that is admitted. */
export const linkAttacks: fc.Arbitrary<LinkAttack> = fc.record({
  offer: fc.oneof({ weight: 4, arbitrary: fc.constant({}) }, offer),
  words: fc
    .tuple(fc.nat({ max: 9 }), fc.array(speech, { minLength: 1, maxLength: 12 }))
    .map(([greets, words]) => (greets > 0 ? [frame(FRAME.settings, 0, 0), ...words] : words)),
});

function frame(type: number, flag: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flag;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

// Never indexed, never compressed (RFC 7541 section 6.2.2); the lengths with a prefix of seven bits (section 5.1).
function literal(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0]), text(name), text(value)]);
}

function text(value: string): Buffer {
  const length = [Math.min(value.length, 127)];
  for (let left = value.length - 127; left >= 0; left = left < 128 ? -1 : left >> 7) {
    length.push(left < 128 ? left : (left & 127) | 128);
  }
  return Buffer.concat([Buffer.from(length), Buffer.from(value, 'latin1')]);
}

function number32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
