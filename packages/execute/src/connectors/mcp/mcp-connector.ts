import { Client, ProtocolError, SdkHttpError, type Tool, type Transport } from '@modelcontextprotocol/client';
import { type Clock, type McpBinding, mcpDefinitionDigest } from '@portreeve/contract';
import type { Egress } from '../../egress/egress.ts';
import type { Connector } from '../../ports.ts';
import { takeVerifiedCall, type VerifiedCall } from '../../verified-call.ts';
import {
  type Ending,
  judgeResult,
  type Locate,
  located,
  measured,
  NotSendable,
  reasonOf,
  sendsBack,
} from '../ending.ts';
import { type Within, within } from '../within.ts';
import { httpTransport } from './http-transport.ts';
import { type Sending, sendingOnce } from './once.ts';
import { stdioTransport } from './stdio-transport.ts';

export interface McpConnectorOptions {
  readonly egress: Egress;
  readonly clock: Clock;
  readonly locate?: Locate;
  /** Where commands of stdio servers run. */
  readonly folder: string;
  /** Bytes of all answers to one call at the most: 4 MiB, the list of tools included. */
  readonly answer_bytes_max?: number;
}

/** Members of `_meta` that carry what HTTP carries in headers. */
const META = { grant: 'dev.portreeve/grant', key: 'dev.portreeve/idempotency-key' } as const;

/** JSON-RPC errors by which a server says that it did not begin: it could not read the call, or has no such thing. */
const NOT_BEGUN = new Set([-32700, -32600, -32601, -32602, -32020, -32021, -32022]);

/**
 * Calls one tool of an MCP server (revision 2026-07-28, and the older ones) on a session of its own. The definition that
 * the server shows is compared with the pinned one before: a changed tool is not called. The result is the structured
 * content, or `{"text"}` where there is text alone.
 */
export function mcpConnector(options: McpConnectorOptions): Connector {
  const { clock, locate = (url) => url } = options;
  return {
    async call(call, { credential, signal }) {
      takeVerifiedCall(call);
      return measured(clock, async () => {
        const { contract } = call;
        const { binding } = contract;
        if (binding.connector !== 'mcp') throw new NotSendable('the tool is not bound to MCP');
        const sending = sendingOnce();
        const transport = sending.guard(transportFor(options, call, binding, credential, sending, locate));
        const client = new Client(
          { name: 'portreeve', version: '1' },
          { versionNegotiation: { mode: 'auto' }, inputRequired: { autoFulfill: false }, listMaxPages: 64 },
        );
        // What it cannot read it tells here; the request that waits for it then ends by the deadline or the closing.
        client.onerror = () => undefined;
        const deadline = within(contract.timeout_ms, signal);
        const stopped = stopping(deadline);
        try {
          return await Promise.race([
            converse(client, transport, call, binding, credential, deadline),
            stopped.promise,
          ]);
        } catch (error) {
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

async function converse(
  client: Client,
  transport: Transport,
  call: VerifiedCall,
  binding: McpBinding,
  credential: string | null,
  { signal }: Within,
): Promise<Ending> {
  const timeout = call.contract.timeout_ms;
  await client.connect(transport, { signal, timeout });
  const tool = pinned(binding, (await client.listTools(undefined, { signal, timeout, cacheMode: 'bypass' })).tools);
  const answer = await client.callTool(
    {
      name: binding.tool,
      arguments: { ...call.args },
      _meta: { [META.grant]: call.token, [META.key]: call.idempotency_key },
    },
    { signal, timeout, toolDefinition: tool },
  );
  const secrets = credential === null ? [call.token] : [credential, call.token];
  const unknown = (why: string): Ending => ({ state: 'unknown', reason: `the tool answered ${why}` });
  if (sendsBack(JSON.stringify(answer), secrets)) return unknown('and sent the credential back');
  // Its own words stay out of our records: they are text from outside.
  if (answer.isError === true) return unknown('that it failed, which leaves open what it did before');
  const texts = answer.content.map((part) => (part.type === 'text' ? part.text : null));
  if (answer.structuredContent === undefined && texts.includes(null)) return unknown('with other content than text');
  const judged = judgeResult(answer.structuredContent ?? { text: texts.join('\n') }, call.contract, secrets);
  return judged.ok ? { state: 'succeeded', result: judged.result } : unknown(judged.why);
}

/** The tool, if it is the one that was reviewed. Throws {@link NotSendable}. */
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

function transportFor(
  options: McpConnectorOptions,
  call: VerifiedCall,
  { server }: McpBinding,
  credential: string | null,
  sending: Sending,
  locate: Locate,
): Transport {
  const { egress, folder, answer_bytes_max: bytes_max = 4 * 1024 * 1024 } = options;
  if (server.transport === 'http') {
    const url = new URL(located(server.url, locate));
    return httpTransport({ url, egress, credential, call, bytes_max, sending });
  }
  const { command, credential_variable } = server;
  if (credential !== null && credential_variable === undefined) {
    throw new NotSendable('the binding names no variable for the credential');
  }
  const environment = credential === null ? {} : { [credential_variable!]: credential };
  const cpu_seconds_max = Math.ceil(call.contract.timeout_ms / 1000) + 5;
  return stdioTransport({ command, folder, environment, cpu_seconds_max, bytes_max });
}

/** Rejects as soon as the deadline passes, whatever the client is doing. */
function stopping({ signal }: Within): { promise: Promise<never>; done(): void } {
  let stop = (): void => undefined;
  const promise = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
  });
  promise.catch(() => undefined);
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  return { promise, done: () => signal.removeEventListener('abort', stop) };
}
