/** The target where nginx is not installed, as a process: `node target-node.js PORT BODIES`, a JSON of path and bytes. */
import { createServer } from 'node:http';

const bodies = new Map(
  Object.entries(JSON.parse(process.argv[3] ?? '{}') as Record<string, number>).map(([path, bytes]) => [
    path,
    Buffer.alloc(bytes, 'postern '),
  ]),
);

createServer({ keepAliveTimeout: 3_600_000 }, (request, response) => {
  const body = bodies.get(request.url ?? '');
  if (body === undefined) response.writeHead(404).end();
  else response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': body.length }).end(body);
}).listen(Number(process.argv[2]), '127.0.0.1', 4096);
