// An MCP server that listens nowhere: only the tunnel leads to it, so what its headers say of the person is true.
import { createServer } from 'node:http';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { openTunnel } from 'postern';

function createMcpServer() {
  const mcp = new McpServer({ name: 'example', version: '1.0.0' });
  mcp.registerTool('greet', { description: 'Greets whoever calls' }, ({ requestInfo }) => {
    const email = decodeURIComponent(String(requestInfo?.headers['x-forwarded-email']));
    return { content: [{ type: 'text', text: `Hello ${email}` }] };
  });
  return mcp;
}

// Without sessions: each request has a server of its own, and nothing is remembered between them.
const server = createServer(async (request, response) => {
  const mcp = createMcpServer();
  response.on('close', () => void mcp.close());
  const transport = new StreamableHTTPServerTransport();
  await mcp.connect(transport);
  await transport.handleRequest(request, response);
});

const tunnel = await openTunnel({ target: server, allow: ['@acme.com'], oauthResource: true });
console.log(`shared at ${tunnel.url}`);
