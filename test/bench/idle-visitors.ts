/**
 * Many idle visitors in one process: `node idle-visitors.js` with JSON `{ port, authority, count }` opens connections over TLS and
 * HTTP/2, asks for one page on each, and prints `connected`. They stay until the process is ended.
 */
import { once } from 'node:events';
import { connect } from 'node:http2';

interface Order {
  readonly port: number;
  readonly authority: string;
  readonly count: number;
}

const AT_ONCE = 32;

const { port, authority, count } = JSON.parse(process.argv[2] ?? '{}') as Order;
let next = 0;

await Promise.all(Array.from({ length: AT_ONCE }, connectInTurn));
console.log('connected');

async function connectInTurn(): Promise<void> {
  while (next++ < count) {
    // The certificate is made for tests; who ends TLS is known here.
    const session = connect(`https://127.0.0.1:${port}`, { servername: 'tunnel.test', rejectUnauthorized: false });
    const request = session.request({ ':authority': authority, ':path': '/.postern/jwks.json' });
    request.resume();
    await once(request, 'close');
    if (session.destroyed) throw new Error('a connection was not kept');
  }
}
