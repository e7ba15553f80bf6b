import type { Readable } from 'node:stream';
import type { OpenRequest } from '../client.ts';
import { errorFor, isRequest, type Message, mirrored, revisionOf } from './message.ts';
import { linesOf, messagesOf, parsed, problemOf } from './wire.ts';

/** Requests under way at once. */
const OPEN_MAX = 256;

export interface BridgeDeps {
  readonly input: Readable;
  /** Writes one message to the client. */
  readonly write: (line: string) => void;
  /** One request to the gateway's `/mcp`. */
  readonly send: (method: 'GET' | 'POST' | 'DELETE', request: OpenRequest) => Promise<Response>;
}

/** The gateway has forgotten the connection of an older revision, say because it was started anew. */
class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

/**
 * MCP over stdio for one local client: each message is passed to the gateway over HTTP, and each answer back, as they are
 * (MCP, transports, stdio). Nothing is decided or kept here. Returns when the client closes its side and what is under way
 * has been answered. Throws {@link ConnectionLost}, and `RangeError` for a message that is too long.
 */
export async function bridge({ input, write, send }: BridgeDeps): Promise<void> {
  const open = new Map<string, { readonly stop: AbortController; readonly method: string; readonly newer: boolean }>();
  const running = new Set<Promise<void>>();
  const listening = new AbortController();
  let connection: { readonly id: string; version: string | null; opened: boolean; listens: boolean } | null = null;
  let failed: unknown;

  const tell = (message: unknown): void => write(JSON.stringify(message));
  const fail = (error: unknown): void => {
    failed ??= error;
    input.destroy();
  };

  async function pass(message: Message, text: string): Promise<void> {
    const revision = revisionOf(message);
    if (message.method === 'notifications/cancelled' && cancel(message)) return;
    const stop = new AbortController();
    const key = JSON.stringify(message.id);
    if (isRequest(message)) open.set(key, { stop, method: message.method ?? '', newer: revision !== null });
    try {
      const headers = revision === null ? older() : mirrored(message, revision);
      const response = await send('POST', { headers: { ...ACCEPT, ...headers }, body: text, signal: stop.signal });
      await answer(message, response);
    } catch (error) {
      // A request of a newer revision is cancelled by its end: nobody waits for an answer any more.
      if (isRequest(message) && !stop.signal.aborted) tell(errorFor(message.id, problemOf(error)));
      if (error instanceof ConnectionLost) fail(error);
    } finally {
      open.delete(key);
    }
  }

  const older = (): Record<string, string> =>
    connection === null
      ? {}
      : {
          'mcp-session-id': connection.id,
          ...(connection.version === null ? {} : { 'mcp-protocol-version': connection.version }),
        };

  function cancel({ params }: Message): boolean {
    const found = open.get(JSON.stringify(params?.requestId));
    if (found?.newer) found.stop.abort();
    return found?.newer === true;
  }

  async function answer(message: Message, response: Response): Promise<void> {
    if (response.status === 404 && connection !== null && revisionOf(message) === null)
      throw new ConnectionLost('The gateway has forgotten this connection: connect again.');
    const begun = message.method === 'initialize' ? response.headers.get('mcp-session-id') : null;
    if (begun !== null) connection = { id: begun, version: null, opened: false, listens: false };
    let answered = !isRequest(message);
    for await (const told of messagesOf(response)) {
      if (told.id === message.id && told.method === undefined) answered = true;
      const version = told.result?.protocolVersion;
      if (begun !== null && connection && typeof version === 'string') connection.version = version;
      tell(told);
    }
    if (!answered) throw new Error('the answer ended before its time');
    if (connection && message.method === 'notifications/initialized') connection.opened = true;
    listen();
  }

  /** What the gateway tells of itself on a connection of an older revision. Its end is no fault: it begins again later. */
  function listen(): void {
    if (!connection?.opened || connection.listens || listening.signal.aborted) return;
    const own = connection;
    own.listens = true;
    const headers = { accept: 'text/event-stream', ...older() };
    const told = async () => {
      const response = await send('GET', { headers, signal: listening.signal });
      if (response.ok) for await (const message of messagesOf(response)) tell(message);
    };
    told()
      .catch(() => undefined)
      .finally(() => {
        own.listens = false;
      });
  }

  async function take(line: string): Promise<void> {
    const message = parsed(line);
    if (message === null)
      return tell({ jsonrpc: '2.0', id: null, error: { code: -32700, message: 'This is no JSON.' } });
    if (isRequest(message) && open.size >= OPEN_MAX) return tell(errorFor(message.id, BUSY));
    const passed = pass(message, line).finally(() => running.delete(passed));
    running.add(passed);
    // What begins a connection, and what only tells something, comes before what is said after it.
    if (!isRequest(message) || message.method === 'initialize') await passed;
  }

  try {
    for await (const line of linesOf(input)) await take(line);
  } catch (error) {
    fail(error);
  }
  for (const { stop, method } of open.values())
    if (failed !== undefined || method === 'subscriptions/listen') stop.abort();
  listening.abort();
  await Promise.all(running);
  if (failed !== undefined) throw failed;
  if (connection !== null) await send('DELETE', { headers: older() }).catch(() => undefined);
}

const ACCEPT = { accept: 'application/json, text/event-stream' };
const BUSY = {
  status: 429,
  code: 'too_many',
  detail: 'Too many requests are under way.',
  next: 'Wait for some to end.',
};
