/**
 * The examples of RFC 7541 appendix C.3 to C.6: blocks in their order, and after each the dynamic table, newest first.
 */
export interface Step {
  readonly section: string;
  readonly fields: readonly string[];
  readonly plain: string;
  readonly coded: string;
  readonly table: readonly string[];
  readonly tableBytes: number;
}

const AUTHORITY = [':authority', 'www.example.com'];
const NO_CACHE = ['cache-control', 'no-cache'];
const CUSTOM = ['custom-key', 'custom-value'];

/** C.3 without, C.4 with Huffman coding. */
export const REQUESTS: readonly Step[] = [
  {
    section: 'C.3.1 and C.4.1',
    fields: [':method', 'GET', ':scheme', 'http', ':path', '/', ...AUTHORITY],
    plain: '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
    coded: '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
    table: AUTHORITY,
    tableBytes: 57,
  },
  {
    section: 'C.3.2 and C.4.2',
    fields: [':method', 'GET', ':scheme', 'http', ':path', '/', ...AUTHORITY, ...NO_CACHE],
    plain: '8286 84be 5808 6e6f 2d63 6163 6865',
    coded: '8286 84be 5886 a8eb 1064 9cbf',
    table: [...NO_CACHE, ...AUTHORITY],
    tableBytes: 110,
  },
  {
    section: 'C.3.3 and C.4.3',
    fields: [':method', 'GET', ':scheme', 'https', ':path', '/index.html', ...AUTHORITY, ...CUSTOM],
    plain: '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
    coded: '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
    table: [...CUSTOM, ...NO_CACHE, ...AUTHORITY],
    tableBytes: 164,
  },
];

const PRIVATE = ['cache-control', 'private'];
const DATE_21 = ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'];
const DATE_22 = ['date', 'Mon, 21 Oct 2013 20:13:22 GMT'];
const LOCATION = ['location', 'https://www.example.com'];
const GZIP = ['content-encoding', 'gzip'];
const COOKIE = ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'];

/** C.5 without, C.6 with Huffman coding. The table has 256 octets, so entries are evicted. */
export const RESPONSES: readonly Step[] = [
  {
    section: 'C.5.1 and C.6.1',
    fields: [':status', '302', ...PRIVATE, ...DATE_21, ...LOCATION],
    plain: `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120
      474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
    coded: `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718
      63c7 8f0b 97c8 e9ae 82ae 43d3`,
    table: [...LOCATION, ...DATE_21, ...PRIVATE, ':status', '302'],
    tableBytes: 222,
  },
  {
    section: 'C.5.2 and C.6.2',
    fields: [':status', '307', ...PRIVATE, ...DATE_21, ...LOCATION],
    plain: '4803 3330 37c1 c0bf',
    coded: '4883 640e ffc1 c0bf',
    table: [':status', '307', ...LOCATION, ...DATE_21, ...PRIVATE],
    tableBytes: 222,
  },
  {
    section: 'C.5.3 and C.6.3',
    fields: [':status', '200', ...PRIVATE, ...DATE_22, ...LOCATION, ...GZIP, ...COOKIE],
    plain: `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738
      666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630
      303b 2076 6572 7369 6f6e 3d31`,
    coded: `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7
      b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
    table: [...COOKIE, ...GZIP, ...DATE_22],
    tableBytes: 215,
  },
];
