/** A client of MCP that is a few lines of HTTP, so that a test sees exactly what is on the wire. */
export interface McpAnswer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect by their assertions
  readonly result: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly error: any;
}

const MCP_VERSION = '2026-07-28';
let ids = 0;

/** One request of revision 2026-07-28. `meta` and `headers` are added to what the revision asks for. */
export async function mcpRequest(
  url: string,
  token: string | null,
  method: string,
  params: Record<string, unknown> = {},
  options: { readonly capabilities?: object; readonly meta?: object; readonly headers?: Record<string, string> } = {},
): Promise<McpAnswer> {
  const name = params.name ?? params.uri ?? params.taskId;
  const response = await fetch(`${url}/mcp`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': MCP_VERSION,
      'mcp-method': method,
      ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...options.headers,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: ++ids,
      method,
      params: {
        ...params,
        _meta: {
          'io.modelcontextprotocol/protocolVersion': MCP_VERSION,
          'io.modelcontextprotocol/clientCapabilities': options.capabilities ?? {},
          'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
          ...options.meta,
        },
      },
    }),
  });
  const text = await response.text();
  const message = messageOf(text);
  return {
    status: response.status,
    headers: response.headers,
    result: message?.result,
    error: message?.error ?? message,
  };
}

/** The response of a JSON body, or the last message of an event stream. */
function messageOf(text: string) {
  const data = text.split('\n').filter((line) => line.startsWith('data: '));
  try {
    return JSON.parse(data.length > 0 ? data.at(-1)!.slice('data: '.length) : text) as Record<string, unknown>;
  } catch {
    return null;
  }
}
