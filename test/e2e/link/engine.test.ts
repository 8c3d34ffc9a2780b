/**
 * What a peer on a link may make the HTTP/2 engine keep and do. What it costs stands in a fixed ratio to what
 * the peer sends or takes; the engine's own tests count it, here a real edge is asked.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { after, afterEach, before, describe, test } from 'node:test';
import { HostileTunnel } from '../../support/hostile-tunnel.js';
import { inWorld } from '../../support/in-world.js';
import { END_HEADERS, END_STREAM, FRAME, frame, number32, type RawAgent, SETTING } from '../../support/raw-peer.js';

const ENHANCE_YOUR_CALM = 11;
const CRUMBS = Buffer.concat(Array(500).fill(frame(FRAME.data, 0, 1, Buffer.from('a'))));
const STEP_BYTES = 12_288;
const UPLOAD_BYTES = 120_000_000;
// Far more than windows, sockets and the collector's delay; far less than the upload.
const MAX_GROWTH_BYTES = 60_000_000;

describe('a hostile peer of the engine', () => {
  const { world, visitor: canary } = inWorld({ as: 'ana' });
  let hostile: HostileTunnel;

  before(async () => {
    hostile = await HostileTunnel.open(world);
  });
  afterEach(async () => assert.equal((await canary.fetch(`${world.url}/canary`)).status, 200));
  after(async () => {
    hostile?.close();
  });

  test('U1 an agent that opens its windows in small steps makes the edge keep nothing that was sent', async () => {
    const agent = await hostile.connect({ [SETTING.windowBytes]: STEP_BYTES });
    const before = peakBytes(world.edge.pid);
    const chunk = Buffer.alloc(65_536, 'x');
    let made = 0;
    const body = new Readable({
      read() {
        if (made >= UPLOAD_BYTES) this.push(null);
        else this.push(chunk.subarray(0, Math.min(chunk.length, UPLOAD_BYTES - made)));
        made += chunk.length;
      },
    });
    const upload = hostile.visitor.fetch(`${hostile.url}/upload`, { method: 'POST', body });
    for (let got = 0; got < UPLOAD_BYTES; ) {
      await agent.count(FRAME.data, 1, 1);
      const bytes = agent.frames.splice(0).reduce((sum, seen) => sum + (seen.type ? 0 : seen.payload.length), 0);
      got += bytes;
      for (const stream of [0, 1]) agent.send(FRAME.windowUpdate, 0, stream, number32(bytes));
    }
    agent.headers(1, END_STREAM, [[':status', '200']]);
    assert.equal((await upload).status, 200);
    const grown = peakBytes(world.edge.pid) - before;
    assert.ok(grown < MAX_GROWTH_BYTES, `${grown} bytes`);
  });

  test('U3 answers that point to one large value again and again carry it, and others are served', async () => {
    const agent = await hostile.connect();
    const large = Buffer.from('v'.repeat(3_900));
    const inserted = Buffer.concat([Buffer.from([0x88, 0x40, 1, 0x78, 0x7f, 0xbd, 0x1d]), large]);
    const pointing = Buffer.concat([Buffer.from([0x88]), Buffer.alloc(3, 0xbe)]);
    for (let at = 0; at < 100; at++) {
      const asked = hostile.visitor.fetch(`${hostile.url}/large/${at}`);
      await agent.frame(FRAME.headers, 2 * at + 1);
      agent.send(FRAME.headers, END_STREAM | END_HEADERS, 2 * at + 1, at === 0 ? inserted : pointing);
      const { rawHeaders } = await asked;
      const values = rawHeaders.filter((_, place) => rawHeaders[place - 1] === 'X');
      assert.deepEqual(values, Array(at === 0 ? 1 : 3).fill(large.toString()));
    }
    assert.equal((await canary.fetch(`${world.url}/canary`)).status, 200);
  });

  const floods: Readonly<Record<string, (agent: RawAgent) => void>> = {
    'empty messages': ({ socket }) => socket.send(Buffer.alloc(0)),
    pongs: ({ socket }) => socket.pong(),
    'DATA of one byte': (agent) => agent.write(CRUMBS),
  };
  for (const [what, say] of Object.entries(floods)) {
    test(`U4 a flood of ${what} ends the link that it comes on, and others are served`, async () => {
      const agent = await hostile.connect();
      const asked = hostile.visitor.stream(`${hostile.url}/asked`);
      await agent.frame(FRAME.headers, 1);
      agent.headers(1, 0, [[':status', '200']]);
      const { body } = await asked; // before the flood, which would else overtake it: the edge then answers by itself
      const read = body.toArray().catch((error: NodeJS.ErrnoException) => error.code);
      for (let sent = 0; sent < 3_000; sent++) say(agent);
      assert.equal((await agent.frame(FRAME.goaway, 0)).payload.readUInt32BE(4), ENHANCE_YOUR_CALM);
      assert.equal((await canary.fetch(`${world.url}/canary`)).status, 200);
      assert.equal(await read, 'ECONNRESET', 'an answer that nobody ended looks whole');
    });
  }
});

/** The most memory that a process ever had. */
function peakBytes(pid: number): number {
  return 1_024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
}
