/** What the edge remembers of names that strangers invent is bounded, whichever of its caches they reach. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { readBaseAddress } from '../../../../src/core/hostname.js';
import { targetHeaders } from '../../../../src/edge/forward/request-headers.js';
import { destinationOf } from '../../../../src/edge/request/destination.js';
import { isReserved } from '../../../../src/http/header-rules.js';
import { requestOf } from '../visits.js';

const BASE = readBaseAddress('http://localhost:8080') ?? assert.fail();
const INVENTED = 200_000;
// All of them, with a name of thirty characters, would be four times as much.
const MAX_KEPT_BYTES = 5_000_000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const name = (at: number) => `x-invented-name-of-a-header-${at}`;

describe('invented names', () => {
  const caches: Readonly<Record<string, (at: number) => void>> = {
    'of headers, asked whether they are reserved,': (at) => void isReserved(name(at)),
    'of headers on the way to the target': (at) =>
      void targetHeaders({ ...requestOf(), headers: [name(at), '1'] }, BASE, []),
    'of hosts': (at) => void destinationOf(['Host', `invented-name-of-a-host-${at}.localhost`], BASE),
  };
  for (const [what, invent] of Object.entries(caches)) {
    test(`${what} fill no memory`, () => {
      for (let at = 0; at < 10_000; at++) invent(at);
      collect();
      const before = process.memoryUsage().heapUsed;
      for (let at = 10_000; at < INVENTED; at++) invent(at);
      collect();
      const kept = process.memoryUsage().heapUsed - before;
      assert.ok(kept < MAX_KEPT_BYTES, `${kept} bytes`);
    });
  }
});
