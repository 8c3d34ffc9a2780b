import assert from 'node:assert/strict';
import { it } from 'node:test';
import { STATIC_FIELD_COUNT, STATIC_FIELDS, STATIC_NAMES } from '../../../../src/http2/hpack/static-table.js';
import { newDecoder, newEncoder } from './support.js';

// RFC 7541 appendix A: the fields with a value, and one name for each index of the rest.
const VALUES = `2 :method GET|3 :method POST|4 :path /|5 :path /index.html|6 :scheme http|7 :scheme https|8 :status 200
9 :status 204|10 :status 206|11 :status 304|12 :status 400|13 :status 404|14 :status 500
16 accept-encoding gzip, deflate`;
const NAMES = `1 :authority|15 accept-charset|17 accept-language|18 accept-ranges|19 accept
20 access-control-allow-origin|21 age|22 allow|23 authorization|24 cache-control|25 content-disposition
26 content-encoding|27 content-language|28 content-length|29 content-location|30 content-range|31 content-type
32 cookie|33 date|34 etag|35 expect|36 expires|37 from|38 host|39 if-match|40 if-modified-since|41 if-none-match
42 if-range|43 if-unmodified-since|44 last-modified|45 link|46 location|47 max-forwards|48 proxy-authenticate
49 proxy-authorization|50 range|51 referer|52 refresh|53 retry-after|54 server|55 set-cookie
56 strict-transport-security|57 transfer-encoding|58 user-agent|59 vary|60 via|61 www-authenticate`;

const ROWS = `${VALUES}\n${NAMES}`.split(/[|\n]/).map((row) => {
  const [, index = '', name = '', value = ''] = /^(\d+) (\S+) ?(.*)$/.exec(row) ?? [];
  return { index: Number(index), name, value };
});

it('the static table is that of appendix A', () => {
  assert.equal(STATIC_FIELD_COUNT, 61);
  assert.equal(ROWS.length, 61);
  for (const { index, name, value } of ROWS) assert.deepEqual(STATIC_FIELDS[index], { name, value });
});

it('every index of it is decoded', () => {
  for (const { index, name, value } of ROWS) {
    assert.deepEqual(newDecoder().decode(Uint8Array.of(0x80 | index)), [name, value]);
  }
});

it('every field of it is encoded as its index, unless it is a secret', () => {
  const encoder = newEncoder({ neverIndexed: new Set() });
  for (const { index, name, value } of ROWS) assert.deepEqual([...encoder.encode([name, value])], [0x80 | index]);
});

it('a name has its lowest index', () => {
  assert.equal(STATIC_NAMES.get(':status')?.index, 8);
  assert.equal(STATIC_NAMES.get(':path')?.index, 4);
  assert.equal(STATIC_NAMES.get('www-authenticate')?.index, 61);
  assert.equal(STATIC_NAMES.get('x-other'), undefined);
});
