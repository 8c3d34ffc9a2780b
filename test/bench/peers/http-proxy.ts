/**
 * A single hop without a tunnel: `http-proxy` between visitor and target, with kept connections. It is no dependency of
 * the project: it is looked up where `NODE_PATH` or an own installation has it. `node http-proxy.js PORT TARGET`.
 */
import { Agent, createServer, type RequestListener } from 'node:http';
import { createRequire } from 'node:module';

interface HttpProxy {
  createProxyServer(options: { readonly target: string; readonly agent: Agent }): {
    web: RequestListener;
    on(event: 'error', listener: () => void): void;
  };
}

const [port, target = ''] = process.argv.slice(2);
const { createProxyServer } = createRequire(import.meta.url)('http-proxy') as HttpProxy;
const hop = createProxyServer({ target, agent: new Agent({ keepAlive: true }) });
hop.on('error', () => {}); // a visitor who left in the middle of an answer
createServer((request, response) => hop.web(request, response)).listen(Number(port), '127.0.0.1', 4096, () =>
  console.log('ready'),
);
