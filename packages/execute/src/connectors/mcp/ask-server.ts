import type { Client, RequestOptions, Tool } from '@modelcontextprotocol/client';
import { type Json, type JsonObject, MCP_INPUT, type McpBinding } from '@portreeve/contract';
import type { VerifiedCall } from '../../verified-call.ts';
import { bounded, type McpFollower } from './follow.ts';

/** Members of `_meta` that carry what HTTP carries in headers. */
const META = { grant: 'dev.portreeve/grant', key: 'dev.portreeve/idempotency-key' } as const;

/** Makes the one request that a binding stands for, and gives the answer as it is. */
export async function askServer(
  client: Client,
  call: Pick<VerifiedCall, 'args' | 'token' | 'idempotency_key'>,
  binding: McpBinding,
  tool: Tool | null,
  options: RequestOptions,
  follower: McpFollower | null,
): Promise<Json> {
  const { [MCP_INPUT]: input, ...args } = call.args;
  const further = roundOf(input);
  const _meta = {
    [META.grant]: call.token,
    [META.key]: call.idempotency_key,
    // The client that follows has a level of its own, by which it is told.
    ...(follower?.log ? { 'io.modelcontextprotocol/logLevel': 'debug' } : {}),
  };
  const told = follower?.progress ? { onprogress: bounded(follower.progress) } : {};
  const all = { ...options, ...told, ...(binding.whole ? { allowInputRequired: true } : {}) };
  if (tool) {
    // Its answer is judged by the contract alone: a library that refuses an answer would say that nothing was sent.
    const { outputSchema: _, ...toolDefinition } = tool;
    const params = { name: binding.tool, arguments: args, _meta, ...further };
    return answerOf(await client.callTool(params, { ...all, toolDefinition: toolDefinition as Tool }));
  }
  const params = { ...args, ...further } as never;
  if (binding.method === 'resources/read')
    return answerOf(await client.readResource(params, { ...all, cacheMode: 'bypass' }));
  if (binding.method === 'prompts/get') return answerOf(await client.getPrompt(params, all));
  return answerOf(await client.complete(params, options));
}

function roundOf(input: Json | undefined): JsonObject {
  const { responses, state } = (input ?? {}) as { responses?: JsonObject; state?: string };
  return {
    ...(responses === undefined ? {} : { inputResponses: responses }),
    ...(state === undefined ? {} : { requestState: state }),
  };
}

/** Plain JSON, without what the library adds that is no JSON. */
const answerOf = (answer: unknown): Json => JSON.parse(JSON.stringify(answer)) as Json;
