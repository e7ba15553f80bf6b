import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

/** The names of the tools that a caller sees at `/mcp`. */
export async function mcpTools(url: string, token: string): Promise<string[]> {
  const client = new Client({ name: 'test', version: '1' });
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit }));
  const { tools } = await client.listTools();
  await client.close();
  return tools.map(({ name }) => name);
}
