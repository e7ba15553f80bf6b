// A plain relay of the official packages: their server, and behind it one client of theirs that stays connected.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { serveTool } from './serve.ts';
import { TOOL } from './tool.ts';

const { upstream } = JSON.parse(process.argv[2] ?? '') as { upstream: string };
const client = new Client({ name: 'relay', version: '1' }, { versionNegotiation: { mode: 'auto' } });
await client.connect(new StreamableHTTPClientTransport(new URL(`${upstream}/mcp`)));
serveTool(
  (args) => client.callTool({ name: TOOL.name, arguments: args }),
  () => client.close(),
);
