/** A message of JSON-RPC as a client wrote it; a batch of an older revision is an array. */
export interface Message {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: { readonly _meta?: Readonly<Record<string, unknown>> } & Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: unknown;
}

const VERSION = 'io.modelcontextprotocol/protocolVersion';

/** The revision that a request says it speaks: those since 2026-07-28 do, in each of them. */
export function revisionOf({ params }: Message): string | null {
  const version = params?._meta?.[VERSION];
  return typeof version === 'string' ? version : null;
}

export const isRequest = ({ id, method }: Message): boolean => method !== undefined && id !== undefined && id !== null;

/** What HTTP wants to have in headers besides (MCP 2026-07-28, Streamable HTTP, "Standard headers"). */
export function mirrored(message: Message, revision: string): Record<string, string> {
  const { method = '', params = {} } = message;
  const name = params.name ?? params.uri ?? params.taskId;
  return {
    'mcp-protocol-version': revision,
    'mcp-method': method,
    ...(typeof name === 'string' ? { 'mcp-name': headerText(name) } : {}),
  };
}

/** Text that a header cannot carry travels in Base64, as the revision says. */
function headerText(text: string): string {
  const plain = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(text) && !text.startsWith('=?');
  return plain ? text : `=?base64?${Buffer.from(text, 'utf8').toString('base64')}?=`;
}

/** An error in place of an answer. `code` is outside the range that JSON-RPC keeps for itself: a status of HTTP. */
export function errorFor(
  id: Message['id'],
  error: { readonly status: number; readonly code: string; readonly detail: string; readonly next: string },
): object {
  const { status, code, detail, next } = error;
  return {
    jsonrpc: '2.0',
    id: id ?? null,
    error: { code: status, message: `${detail} ${next}`, data: { code, next } },
  };
}
