// A Fastify app that listens nowhere: only the tunnel leads to it, so what its headers say of the visitor is true.
import Fastify from 'fastify';
import { openTunnel } from 'postern';

const app = Fastify();
app.get('/', async ({ headers }, reply) => {
  reply.type('text/plain');
  return `Hello ${decodeURIComponent(String(headers['x-forwarded-email']))}\n`;
});
await app.ready();

const tunnel = await openTunnel({ target: app.server, allow: ['@acme.com'] });
console.log(`shared at ${tunnel.url}`);
tunnel.on('request', ({ method, path, status, email }) => console.log(JSON.stringify({ method, path, status, email })));
