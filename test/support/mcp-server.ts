/** An MCP server as people write it, with the SDK over streamable HTTP: its tools say who has called, count, and write to all. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { type Deferred, deferred } from './deferred.js';

export interface TestMcpServer {
  readonly url: string;
  /** The headers of the requests that have arrived. */
  readonly seen: readonly IncomingHttpHeaders[];
  close(): void;
}

export async function startMcpServer(): Promise<TestMcpServer> {
  const transports: Transports = new Map();
  const seen: IncomingHttpHeaders[] = [];
  const server = createServer(async (request, response) => {
    seen.push(request.headers);
    const body = request.method === 'POST' ? await json(request) : undefined;
    const known = transports.get(String(request.headers['mcp-session-id']));
    const { transport, isListening } = known ?? (await open(transports));
    const handled = transport.handleRequest(request, response, body);
    if (request.method === 'GET') {
      while (!response.headersSent && !response.destroyed) await setImmediate();
      isListening.resolve();
    }
    await handled;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

interface Opened {
  readonly transport: StreamableHTTPServerTransport;
  /** The client has opened the stream of its session, without which what is written to it is lost. */
  readonly isListening: Deferred<void>;
}

type Transports = Map<string, Opened>;

async function open(transports: Transports): Promise<Opened> {
  const isListening = deferred<void>();
  const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => void transports.set(id, { transport, isListening }),
  });
  const server = new McpServer({ name: 'test', version: '1' }, { capabilities: { logging: {} } });
  server.registerTool('whoami', { description: 'Who calls' }, ({ requestInfo }) => ({
    content: [{ type: 'text', text: String(requestInfo?.headers['x-forwarded-email']) }],
  }));
  server.registerTool('announce', { description: 'Writes to the stream of the session' }, async () => {
    await isListening.promise;
    await server.server.sendLoggingMessage({ level: 'info', data: 'announced' });
    return { content: [] };
  });
  await server.connect(transport as Parameters<McpServer['connect']>[0]);
  return { transport, isListening };
}
