import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { announcedIn } from '../../../../src/cli/process/announced-ports.js';
import { plainLine, shownLine } from '../../../../src/cli/process/child-output.js';
import { parseSockets } from '../../../../src/cli/process/listening-ports.js';
import { PortFinder } from '../../../../src/cli/process/port-finder.js';

describe('announcedIn', () => {
  for (const [line, ...ports] of [
    ['  ➜  Local:   http://localhost:5173/', 'http 5173'],
    ['  ➜  Network: http://192.168.1.7:5173/', 'http 5173'],
    ['   - Local:        http://localhost:3000', 'http 3000'],
    ['* Listening on http://127.0.0.1:3000', 'http 3000'],
    ['* Listening on http://[::1]:3000', 'http 3000'],
    ['Starting development server at http://127.0.0.1:8000/', 'http 8000'],
    [' * Running on https://0.0.0.0:5000 (Press CTRL+C to quit)', 'https 5000'],
    ['Example app listening on port 3000!', 'http 3000'],
    ['server started on :8080', 'http 8080'],
    ['PHP Development Server (http://localhost:8000) started', 'http 8000'],
    ['open https://localhost/', 'https 443'],
    ['proxying to http://api.acme.com:8080'],
    ['http://localhost:5173.evil.test/'],
    ['http://localhost:99999'],
    ['compiled in 3000 ms'],
  ] as const)
    it(`reads ${line}`, () =>
      assert.deepEqual(
        announcedIn(line).map(({ scheme, port }) => `${scheme} ${port}`),
        ports,
      ));
});

it('parseSockets finds what listens, and where a client reaches it', () => {
  const row = (local: string, state: string, inode: number) =>
    `  0: ${local} 00000000:0000 ${state} 00:00 00:00 00 1000 0 ${inode} 1`;
  const table = [
    '  sl  local_address rem_address st tx rx tr tm retr uid timeout inode',
    row('0100007F:1435', '0A', 11).replace('00:00 00:00 00', '00000000:00000000 00:00000000 00000000'),
    row('00000000:1436', '0A', 12).replace('00:00 00:00 00', '00000000:00000000 00:00000000 00000000'),
    row('0701A8C0:1437', '0A', 13).replace('00:00 00:00 00', '00000000:00000000 00:00000000 00000000'),
    row('0100007F:1438', '01', 14).replace('00:00 00:00 00', '00000000:00000000 00:00000000 00000000'),
    row('0100007F:1439', '0A', 99).replace('00:00 00:00 00', '00000000:00000000 00:00000000 00000000'),
    row(`${'0'.repeat(24)}01000000:143A`, '0A', 15).replace('00:00 00:00 00', '00000000:00000000 00:00000000 00000000'),
  ].join('\n');
  assert.deepEqual(parseSockets(table, new Set(['11', '12', '13', '14', '15'])), [
    { port: 5173, host: undefined },
    { port: 5174, host: undefined },
    { port: 5175, host: '192.168.1.7' },
    { port: 5178, host: undefined },
  ]);
});

describe('PortFinder', () => {
  const open = (...ports: number[]) => ports.map((port) => ({ port, host: undefined }));

  it('takes the port that the output names, of those on which the server listens, and never another one', async () => {
    const finder = new PortFinder({
      pid: 1,
      expected: undefined,
      tellsPorts: true,
      listening: () => open(24678, 5173, 9229),
    });
    finder.announced([{ scheme: 'http', port: 8080 }]);
    assert.equal(await finder.find(), undefined);
    finder.announced([{ scheme: 'https', port: 5173 }]);
    assert.equal((await finder.find())?.href, 'https://localhost:5173/');
  });

  it('takes the first port of a server that names none, after a while, and no debugger', async () => {
    const finder = new PortFinder({ pid: 1, expected: undefined, tellsPorts: true, listening: () => open(9229, 3000) });
    const found = [];
    for (let check = 0; check < 5; check++) found.push((await finder.find())?.port);
    assert.deepEqual(found, [undefined, undefined, undefined, undefined, '3000']);
  });

  it('takes the one that was named by a person before all others', async () => {
    const finder = new PortFinder({ pid: 1, expected: 9229, tellsPorts: true, listening: () => open(3000, 9229) });
    finder.announced([{ scheme: 'http', port: 3000 }]);
    assert.equal((await finder.find())?.port, '9229');
  });

  it('follows a server to no port that was open beside it, whatever visitors make it print', async () => {
    let ports = [5173, 8080];
    const finder = new PortFinder({ pid: 1, expected: undefined, tellsPorts: true, listening: () => open(...ports) });
    finder.announced([{ scheme: 'http', port: 5173 }]);
    const url = (await finder.find()) as URL;
    finder.announced(announcedIn('GET /http://localhost:8080/ 404'));
    assert.equal(await finder.isOpen(url), true);
    ports = [8080];
    assert.equal(await finder.isOpen(url), false);
    for (let check = 0; check < 6; check++) assert.equal(await finder.find(), undefined);
    ports = [8080, 5174];
    finder.announced([{ scheme: 'http', port: 5174 }]);
    assert.equal((await finder.find())?.port, '5174');
  });

  it('keeps what was named first, however many ports are named later', async () => {
    const finder = new PortFinder({ pid: 1, expected: undefined, tellsPorts: false, accepts: async () => true });
    finder.announced([{ scheme: 'http', port: 5173 }]);
    for (let port = 8000; port < 8100; port++) finder.announced([{ scheme: 'http', port }]);
    finder.announced([{ scheme: 'http', port: 5173 }]); // once more, after a restart
    assert.equal((await finder.find())?.port, '5173');
  });

  it('tries what is named, then what it was told, where the system does not tell', async () => {
    const accepting = new Set([4321]);
    const accepts = async (port: number) => accepting.has(port);
    const finder = new PortFinder({ pid: 1, expected: 4321, tellsPorts: false, accepts });
    finder.announced([{ scheme: 'http', port: 3000 }]);
    assert.equal((await finder.find())?.port, '4321');
    accepting.add(3000);
    assert.equal((await finder.find())?.port, '3000');
  });
});

describe('the output of a server', () => {
  it('keeps its colours, and nothing that moves a cursor or speaks to the terminal', () => {
    assert.equal(
      shownLine('\x1b[32mready\x1b[39m\x1b[2K\x1b[1;1H\x1b]52;c;AAAA\x07\x1bc\x07\u202e!'),
      '\x1b[32mready\x1b[39m!\x1b[0m',
    );
    assert.equal(shownLine('50 %\r100 %'), '100 %');
    assert.equal(shownLine('a\tb'), 'a\tb');
    assert.equal(plainLine('\x1b[1mhttp://localhost:\x1b[36m5173\x1b[0m/'), 'http://localhost:5173/');
  });
});
