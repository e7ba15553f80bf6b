import type { Client } from '@modelcontextprotocol/client';
import { type Json, type JsonObject, type McpServer, PortreeveError } from '@portreeve/contract';
import { reasonOf } from '../ending.ts';
import { stopping } from '../stopping.ts';
import { within } from '../within.ts';
import { sendingOnce } from './once.ts';
import { clientOf, type Reaching, transportTo } from './reach-server.ts';

/** What an MCP server says that it offers. All of it is text from outside. */
export interface McpCatalogue {
  readonly tools: readonly JsonObject[];
  readonly resources: readonly JsonObject[];
  readonly templates: readonly JsonObject[];
  readonly prompts: readonly JsonObject[];
  readonly completions: boolean;
}

/** Items of one list; more, and nothing of the server is taken. */
const ITEMS_MAX = 1024;

/**
 * Reads a server's lists. It calls no tool, so it needs no grant. Throws `unavailable` where the server does not answer in
 * time, answers more than is taken, or speaks no MCP.
 */
export async function readMcpCatalogue(
  reaching: Reaching,
  wanted: { readonly server: McpServer; readonly credential: string | null; readonly timeout_ms: number },
): Promise<McpCatalogue> {
  const { timeout_ms } = wanted;
  const deadline = within(timeout_ms, new AbortController().signal);
  const stopped = stopping(deadline);
  const client = clientOf();
  const transport = transportTo(reaching, { ...wanted, call: null, sending: sendingOnce() });
  try {
    return await Promise.race([listAll(client, transport, deadline.signal, timeout_ms), stopped.promise]);
  } catch (error) {
    const why = deadline.reason() ?? reasonOf(error);
    throw new PortreeveError('unavailable', `The MCP server could not be read: ${why}.`, { cause: error });
  } finally {
    stopped.done();
    deadline.done();
    await client.close().catch(() => undefined);
    await transport.close().catch(() => undefined);
  }
}

async function listAll(
  client: Client,
  transport: Parameters<Client['connect']>[0],
  signal: AbortSignal,
  timeout: number,
): Promise<McpCatalogue> {
  await client.connect(transport, { signal, timeout });
  const options = { signal, timeout, cacheMode: 'bypass' } as const;
  const offers = client.getServerCapabilities() ?? {};
  const resources = offers.resources !== undefined;
  return {
    tools: offers.tools ? taken((await client.listTools(undefined, options)).tools) : [],
    resources: resources ? taken((await client.listResources(undefined, options)).resources) : [],
    templates: resources ? taken((await client.listResourceTemplates(undefined, options)).resourceTemplates) : [],
    prompts: offers.prompts ? taken((await client.listPrompts(undefined, options)).prompts) : [],
    completions: offers.completions !== undefined,
  };
}

function taken(items: readonly unknown[]): JsonObject[] {
  if (items.length > ITEMS_MAX) throw new Error(`a list of more than ${ITEMS_MAX} items`);
  return JSON.parse(JSON.stringify(items)) as Json as JsonObject[];
}
