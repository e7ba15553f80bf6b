import { type Client, ProtocolError, SdkHttpError, type Tool, type Transport } from '@modelcontextprotocol/client';
import { type Clock, type Json, type JsonObject, type McpBinding, mcpDefinitionDigest } from '@portreeve/contract';
import type { Connector } from '../../ports.ts';
import { takeVerifiedCall, type VerifiedCall } from '../../verified-call.ts';
import { type Ending, judgeResult, measured, NotSendable, reasonOf, sendsBack } from '../ending.ts';
import { stopping } from '../stopping.ts';
import { type Within, within } from '../within.ts';
import { askServer } from './ask-server.ts';
import { bounded, type McpFollower } from './follow.ts';
import { type KnownServers, knownServers } from './known-servers.ts';
import { type Sending, sendingOnce } from './once.ts';
import { clientOf, type Reaching, transportTo } from './reach-server.ts';

export interface McpConnectorOptions extends Reaching {
  readonly clock: Clock;
  /** Who follows the call of this idempotency key; null: nobody. */
  readonly follower?: (key: string) => McpFollower | null;
  /**
   * For how long a definition that was checked counts as checked where a gateway makes many calls (`whole`): 5 seconds.
   * Otherwise it is read again for each call.
   */
  readonly checked_ms?: number;
}

/** JSON-RPC errors by which a server says that it did not begin: it could not read the call, or has no such thing. */
const NOT_BEGUN = new Set([-32700, -32600, -32601, -32602, -32002, -32020, -32021, -32022]);

/**
 * Calls one tool of an MCP server (revision 2026-07-28, and the older ones) on a session of its own. The definition that
 * the server shows is compared with the pinned one before: a changed tool is not called. The result is the structured
 * content, or `{"text"}` where there is text alone; for a gateway (`whole`) it is the answer itself.
 */
export function mcpConnector(options: McpConnectorOptions): Connector {
  const { clock } = options;
  const known = knownServers({ clock, fresh_ms: options.checked_ms ?? 5000 });
  return {
    async call(call, { credential, signal }) {
      takeVerifiedCall(call);
      return measured(clock, async () => {
        const { contract } = call;
        const { binding } = contract;
        if (binding.connector !== 'mcp') throw new NotSendable('the tool is not bound to MCP');
        const follower = binding.whole ? (options.follower?.(call.idempotency_key) ?? null) : null;
        const sending = sendingOnce(binding.method ?? 'tools/call');
        const { server } = binding;
        const transport = transportTo(options, { server, credential, call, timeout_ms: contract.timeout_ms, sending });
        const client = clientOf(follower?.capabilities);
        const deadline = within(
          contract.timeout_ms,
          AbortSignal.any([signal, ...(follower?.signal ? [follower.signal] : [])]),
        );
        const stopped = stopping(deadline);
        try {
          return await Promise.race([
            converse({ client, transport, call, binding, credential, follower, known, sending, deadline }),
            stopped.promise,
          ]);
        } catch (error) {
          known.forget(known.keyOf(server, credential));
          return endingOf(error, sending, deadline);
        } finally {
          stopped.done();
          deadline.done();
          await client.close().catch(() => undefined);
          await transport.close().catch(() => undefined);
        }
      });
    },
  };
}

interface Conversation {
  readonly client: Client;
  readonly transport: Transport;
  readonly call: VerifiedCall;
  readonly binding: McpBinding;
  readonly credential: string | null;
  readonly follower: McpFollower | null;
  readonly known: KnownServers;
  readonly sending: Sending;
  readonly deadline: Within;
}

async function converse(conversation: Conversation): Promise<Ending> {
  const { client, call, binding, credential, follower, deadline } = conversation;
  const options = { signal: deadline.signal, timeout: call.contract.timeout_ms };
  if (follower?.log) {
    const tell = bounded(follower.log);
    client.setNotificationHandler('notifications/message', ({ params }) => tell(params));
  }
  const tool = await prepare(conversation, options);
  const answer = await askServer(client, call, binding, tool, options, follower);
  const secrets = credential === null ? [call.token] : [credential, call.token];
  const unknown = (why: string): Ending => ({ state: 'unknown', reason: `the tool answered ${why}` });
  if (sendsBack(JSON.stringify(answer), secrets)) return unknown('and sent the credential back');
  // Its own words stay out of our records: they are text from outside.
  if (isError(answer) && !(binding.whole && call.contract.effect === 'read'))
    return unknown('that it failed, which leaves open what it did before');
  const content = binding.whole ? answer : contentOf(answer);
  if (content === undefined) return unknown('with other content than text');
  const judged = judgeResult(content, call.contract, secrets);
  return judged.ok ? { state: 'succeeded', result: judged.result } : unknown(judged.why);
}

/** Connects, and gives the tool if it is the one that was reviewed. Throws {@link NotSendable}. */
async function prepare(
  { client, transport, binding, credential, known }: Conversation,
  options: { readonly signal: AbortSignal; readonly timeout: number },
): Promise<Tool | null> {
  const key = known.keyOf(binding.server, credential);
  const before = binding.whole ? known.find(key) : null;
  await client.connect(transport, { ...options, ...(before?.prior ? { prior: before.prior } : {}) });
  if (binding.method !== undefined) {
    if (binding.whole && !before) known.keep(key, client, null);
    return null;
  }
  const tools = before?.tools ?? (await client.listTools(undefined, { ...options, cacheMode: 'bypass' })).tools;
  if (binding.whole && !before?.tools) known.keep(key, client, tools);
  return pinned(binding, tools);
}

const isError = (answer: Json): boolean => (answer as { isError?: unknown }).isError === true;

/** What a workflow is given of an answer; undefined where there is nothing that it could take. */
function contentOf(answer: Json): Json | undefined {
  const { structuredContent, content } = answer as { structuredContent?: Json; content?: JsonObject[] };
  if (structuredContent !== undefined) return structuredContent;
  const texts = (content ?? []).map((part) => (part.type === 'text' ? part.text : null));
  return texts.includes(null) ? undefined : { text: texts.join('\n') };
}

function pinned(binding: McpBinding, tools: readonly Tool[]): Tool {
  const named = tools.filter((each) => each.name === binding.tool);
  const [tool] = named;
  if (!tool || named.length > 1) throw new NotSendable(`the server has ${named.length} tools called ${binding.tool}`);
  const shown = mcpDefinitionDigest(tool);
  if (shown !== binding.definition) {
    throw new NotSendable(
      `the definition of ${binding.tool} has changed: ${binding.definition} is pinned, ${shown} is shown`,
    );
  }
  return tool;
}

function endingOf(error: unknown, sending: Sending, deadline: Within): Ending {
  if (error instanceof NotSendable) throw error;
  const reason = deadline.reason() ?? reasonOf(error);
  if (!sending.sent()) return { state: 'failed', reason: `the call was not made: ${reason}` };
  if (ProtocolError.isInstance(error) && NOT_BEGUN.has(error.code)) {
    return { state: 'failed', reason: `the server refused: error ${error.code}` };
  }
  if (SdkHttpError.isInstance(error)) {
    const { status } = error;
    if (status >= 300 && status < 500 && status !== 303 && status !== 408) {
      return { state: 'failed', status, reason: `the server refused: ${status}` };
    }
    return { state: 'unknown', reason: `the server answered ${status}` };
  }
  if (ProtocolError.isInstance(error)) return { state: 'unknown', reason: `the server answered error ${error.code}` };
  return { state: 'unknown', reason };
}
