import { ProtocolError, ProtocolErrorCode, type ServerContext, UriTemplate } from '@modelcontextprotocol/server';
import type { Json, JsonObject, ToolContract } from '@portreeve/contract';
import type { OutsideAnswer } from '@portreeve/gate';
import { type Caller, followed } from './call-tool.ts';
import { promptName } from './face.ts';
import type { OfferedItem } from './gateway.ts';
import { asksForMore, roundsOf } from './rounds.ts';

type Method = keyof OfferedItem['reads'];

/** Resources, prompts and completions of upstreams: each a governed read of its own, and untrusted data. */
export function readFrom(caller: Caller) {
  const { gateway, who } = caller;

  async function read(
    { upstream, toolset, reads }: OfferedItem,
    method: Method,
    args: JsonObject,
    params: JsonObject,
    context: ServerContext,
  ): Promise<Json> {
    const rounds = roundsOf(caller.state, { who, upstream, method, params });
    const contract: ToolContract = reads[method];
    const answer = await followed(caller, upstream, context, (onProposal) =>
      caller.outside.ask({
        who: who.principal,
        toolset,
        contract,
        args: { ...args, ...(method === 'completion/complete' ? {} : rounds.input(context)) },
        rationale: `Asked for over MCP: ${method}.`,
        onProposal,
      }),
    );
    const result = resultOf(answer, method);
    return asksForMore(result) ? rounds.output(result as JsonObject, context) : result;
  }

  return {
    async resource(params: JsonObject, context: ServerContext): Promise<Json> {
      const uri = String(params.uri);
      const from =
        owner(gateway.resources(who), ({ item }) => item.uri === uri) ??
        owner(gateway.templates(who), ({ item }) => matches(item, uri));
      if (!from) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'Resource not found', { uri });
      const result = (await read(from, 'resources/read', { uri }, { uri }, context)) as JsonObject;
      return result.resultType === 'input_required' ? result : { ...result, ttlMs: 0, cacheScope: 'private' };
    },

    async prompt(params: JsonObject, context: ServerContext): Promise<Json> {
      const asked = { name: String(params.name), ...(params.arguments ? { arguments: params.arguments } : {}) };
      const from = owner(gateway.prompts(who), ({ item, upstream }) => promptName(upstream, item) === asked.name);
      if (!from) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'There is no such prompt.');
      return read(from, 'prompts/get', { ...asked, name: String(from.item.name) }, asked, context);
    },

    async complete(params: JsonObject, context: ServerContext): Promise<Json> {
      const {
        ref,
        argument,
        context: known,
      } = params as { ref: JsonObject; argument: JsonObject; context?: JsonObject };
      const isPrompt = ref.type === 'ref/prompt';
      const from = isPrompt
        ? owner(gateway.prompts(who), ({ item, upstream }) => promptName(upstream, item) === ref.name)
        : owner(gateway.templates(who), ({ item }) => item.uriTemplate === ref.uri);
      if (!from) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'There is nothing of that name to complete.');
      const meant = isPrompt ? { ...ref, name: String(from.item.name) } : ref;
      const args = { ref: meant, argument, ...(known ? { context: known } : {}) };
      return read(from, 'completion/complete', args, args, context);
    },
  };
}

/** The one that it belongs to; of two, neither. */
function owner(items: readonly OfferedItem[], is: (item: OfferedItem) => boolean): OfferedItem | null {
  const found = items.filter(is);
  return found.length === 1 ? (found[0] as OfferedItem) : null;
}

function matches(item: JsonObject, uri: string): boolean {
  try {
    return new UriTemplate(String(item.uriTemplate)).match(uri) !== null;
  } catch {
    return false;
  }
}

/** These requests have no result that could say what was refused: it is an error of theirs. */
function resultOf(answer: OutsideAnswer, method: Method): Json {
  if (answer.status === 'succeeded') {
    const { _meta: _, ...result } = answer.result as JsonObject;
    return result;
  }
  // The number is ours, out of the reason that our connector writes.
  const missing = answer.status === 'failed' && / error (-32602|-32002)$/.test(answer.reason);
  if (missing && method === 'resources/read')
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'Resource not found');
  if (missing) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'The server does not accept these arguments.');
  throw new ProtocolError(ProtocolErrorCode.InvalidRequest, `This was not read: ${answer.status}.`, {
    status: answer.status,
    proposal_id: answer.proposal,
    ...(answer.status === 'refused'
      ? { reasons: answer.decision.reasons.map(({ code, text }) => ({ code, text })) }
      : {}),
  });
}
