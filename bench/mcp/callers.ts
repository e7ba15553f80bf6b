import { Agent, request } from 'node:http';

export const REVISIONS = ['2026-07-28', '2025-11-25'] as const;
export type Revision = (typeof REVISIONS)[number];

/** Somebody who calls one tool over kept connections, in a few lines of HTTP; rejects for any answer but a success. */
export async function callerOf(
  url: string,
  options: { readonly revision: Revision; readonly tool: string; readonly token?: string },
): Promise<(index: number) => Promise<void>> {
  const { revision, tool, token } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const newer = revision === '2026-07-28';
  const base = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': revision,
    ...(token ? { authorization: `Bearer ${token}` } : {}),
  };
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': revision,
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const send = (message: object, headers: Record<string, string>) =>
    new Promise<{ text: string; session: string | undefined }>((done, failed) => {
      const body = JSON.stringify({ jsonrpc: '2.0', ...message });
      const all = { ...base, ...headers, 'content-length': Buffer.byteLength(body) };
      const outgoing = request(`${url}/mcp`, { method: 'POST', agent, headers: all }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        answer.on('end', () => done({ text, session: answer.headers['mcp-session-id'] as string | undefined }));
        answer.on('error', failed);
      });
      outgoing.on('error', failed);
      outgoing.end(body);
    });
  let headers: Record<string, string> = newer ? { 'mcp-method': 'tools/call', 'mcp-name': tool } : {};
  if (!newer) {
    const clientInfo = { name: 'bench', version: '1' };
    const params = { protocolVersion: revision, capabilities: {}, clientInfo };
    const { session } = await send({ id: 'begin', method: 'initialize', params }, {});
    if (session) headers = { 'mcp-session-id': session };
    await send({ method: 'notifications/initialized' }, headers);
  }
  return async (index) => {
    const params = { name: tool, arguments: { order: `order-${index}` }, ...(newer ? { _meta } : {}) };
    const { text } = await send({ id: index, method: 'tools/call', params }, headers);
    if (!text.includes('shipped')) throw new Error(`${url} answered ${text.slice(0, 500)}`);
  };
}
