/**
 * A target that answers before it has taken the request's body, and closes the connection under it (RFC 9112 section
 * 9.6; 413, RFC 9110 section 15.5.14). What it has answered reaches the visitor, each time. The targets are processes of
 * their own: what a connection has received races with what is written to it.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, describe, test } from 'node:test';
import { deferred } from '../../support/deferred.js';
import { inWorld } from '../../support/in-world.js';
import { Program } from '../../support/processes.js';
import { pythonWith } from '../../support/python.js';
import type { Visitor } from '../../support/visitor.js';

const UPLOADS = 100;
const BODY = Buffer.alloc(1_000_000, 'x');

const READY = 'console.log(JSON.stringify({ port: server.address().port }))';
const RESPONSE = '"HTTP/1.1 413 Content Too Large\\r\\nContent-Length: 9\\r\\nConnection: close\\r\\n\\r\\ntoo large"';

/** A target of bare bytes that responds as soon as it has read something of a body. */
function rawTarget(respond: string): string {
  return `const server = require('node:net').createServer((socket) => {
    let received = 0;
    socket.on('error', () => {}).on('data', (chunk) => {
      const before = received;
      received += chunk.length;
      const least = chunk.toString('latin1', 0, 4) === 'POST' ? 100_000 : 0;
      if (before === 0) socket.least = least;
      if (before <= socket.least && received > socket.least) { ${respond} }
    });
  }).listen(0, '127.0.0.1', () => ${READY})`;
}

const NODE_HTTP = `const server = require('node:http').createServer((request, response) => {
  const begun = request.method === 'POST' ? 'data' : 'end';
  request.resume().once(begun, () => {
    response.writeHead(413, { connection: 'close', 'content-length': 9 }).end('too large', () => request.socket.destroy());
  });
}).listen(0, '127.0.0.1', () => ${READY})`;

const PYTHON_HTTP = `
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_POST(self):
        self.send_response(413)
        self.send_header('Content-Length', '9')
        self.send_header('Connection', 'close')
        self.end_headers()
        self.wfile.write(b'too large')
    def log_message(self, *args):
        pass
server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
print(json.dumps({'port': server.server_address[1]}), flush=True)
server.serve_forever()
`;

const TARGETS: Readonly<Record<string, readonly [command: string, flag: string, code: string]>> = {
  'Python’s http.server': [pythonWith('http.server') ?? '', '-c', PYTHON_HTTP],
  'Node’s http, which destroys the socket': [process.execPath, '-e', NODE_HTTP],
  'bare bytes and a close': [process.execPath, '-e', rawTarget(`socket.write(${RESPONSE}, () => socket.destroy());`)],
  'bare bytes and a reset': [
    process.execPath,
    '-e',
    rawTarget(`socket.write(${RESPONSE}, () => socket.resetAndDestroy());`),
  ],
};

describe('a target that answers before it has taken the body', () => {
  const { world, visitor: ana } = inWorld({ as: 'ana' });
  const programs: Program[] = [];

  after(async () => {
    await Promise.all(programs.map((program) => program.kill()));
  });

  for (const [at, [what, [command, flag, code]]] of Object.entries(TARGETS).entries()) {
    const options = command === '' ? { skip: 'python3 is not installed' } : {};
    test(`K10 the visitor gets what the target has answered, ${UPLOADS} of ${UPLOADS}: ${what}`, options, async () => {
      const program = new Program({ name: what, command, script: flag, args: [code] });
      programs.push(program);
      const port = Number((await program.record((line) => 'port' in line))['port']);
      const name = `dev-early-${at}`;
      await world.startAgent({ name, targetUrl: `http://127.0.0.1:${port}` });
      const visitor = await signedIn(name);
      const seen = new Map<string, number>();
      for (let upload = 0; upload < UPLOADS; upload += 4) {
        const four = Array.from({ length: 4 }, () => uploadOnce(visitor, name));
        for (const outcome of await Promise.all(four)) seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
      }
      assert.deepEqual(Object.fromEntries(seen), { '413 too large': UPLOADS });
    });
  }

  async function signedIn(name: string): Promise<Visitor> {
    const visitor = world.visitor();
    await visitor.signIn(`${world.urlOf(name)}/`, 'ana');
    return visitor;
  }

  /** Uploads as `curl` does: writes, and reads at the same time. */
  async function uploadOnce(visitor: Visitor, name: string): Promise<string> {
    const url = new URL(`${world.urlOf(name)}/upload`);
    const head = [`POST ${url.pathname} HTTP/1.1`, `Host: ${url.host}`, `Cookie: ${visitor.jar.header(url)}`];
    const socket = connect(world.port, '127.0.0.1');
    const ended = deferred<void>();
    let received = '';
    socket.on('error', () => {}).on('close', () => ended.resolve());
    socket.setEncoding('latin1').on('data', (text: string) => {
      received += text;
      if (received.endsWith('too large') || received.includes('ERR_')) ended.resolve();
    });
    socket.write(`${head.join('\r\n')}\r\nContent-Length: ${BODY.length}\r\n\r\n`);
    socket.write(BODY);
    await ended.promise;
    socket.destroy();
    return `${received.slice(9, 12)} ${/^postern-error: (\S+)/im.exec(received)?.[1] ?? received.slice(-9)}`;
  }

  test('K10 a visitor is served meanwhile', async () => {
    assert.equal((await ana.fetch(`${world.url}/canary`)).status, 200);
  });
});
