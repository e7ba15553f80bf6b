import {
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { isPortreeveError, type JsonObject, type ProposalId } from '@portreeve/contract';
import type { McpFollower } from '@portreeve/execute';
import type { OutsideAnswer } from '@portreeve/gate';
import type { Authenticated } from '@portreeve/identity';
import { callAnswer, failure } from './answers.ts';
import { declareIntent } from './declare-intent.ts';
import type { FaceDeps } from './face.ts';
import type { OfferedTool } from './gateway.ts';
import { asksForMore, assertNoAnswers, relayed, roundsOf } from './rounds.ts';
import { clientHasTasks, taskOf } from './tasks.ts';

export interface Caller extends FaceDeps {
  readonly who: Authenticated;
  /** What the client said that it can do, in this request or at the beginning of its connection. */
  readonly capabilities: () => JsonObject;
}

interface CallParams {
  readonly name: string;
  readonly arguments?: JsonObject;
}

/** `tools/call`: a proposal by the caller's session, and its end as far as it is known now. Nobody is waited for. */
export async function callTool(caller: Caller, params: CallParams, context: ServerContext): Promise<JsonObject> {
  const args = params.arguments ?? {};
  try {
    if (params.name === 'declare_intent') return declared(await declareIntent(caller, caller.who, args));
    const tool = ours(caller.gateway.tools(caller.who)).find(({ name }) => name === params.name);
    if (!tool)
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no tool ${JSON.stringify(params.name)}.`);
    return await callOffered(caller, tool, args, context);
  } catch (error) {
    // What a model can mend, or should know, is a result: it reads no errors of the protocol.
    if (!isPortreeveError(error) || error.code === 'internal') throw error;
    const { code, detail, next, errors } = error;
    const wrong = errors.map(({ path, message }) => `${path}: ${message}`).join('; ');
    return failure([detail, wrong, next].filter((part) => part !== '').join(' '), {
      status: 'refused',
      code,
      next,
      errors,
    });
  }
}

/** Tools that a client can call. One that its caller carries out is asked for by its adapter, at `/v1/proposals`. */
export const ours = (tools: readonly OfferedTool[]): OfferedTool[] =>
  tools.filter(({ contract }) => contract.binding.connector !== 'caller');

const declared = (view: JsonObject): JsonObject => ({
  content: [{ type: 'text', text: JSON.stringify(view) }],
  structuredContent: view,
});

async function callOffered(
  caller: Caller,
  tool: OfferedTool,
  args: JsonObject,
  context: ServerContext,
): Promise<JsonObject> {
  const { who, state, outside } = caller;
  assertNoAnswers(args);
  const { upstream, toolset, contract } = tool;
  const params = { name: tool.name, arguments: args };
  const rounds = upstream && roundsOf(state, { who, upstream, method: 'tools/call', params });
  const name = context.mcpReq._meta?.['dev.portreeve/idempotency-key'];
  const answer = await followed(caller, tool.upstream, context, (onProposal) =>
    outside.ask({
      who: who.principal,
      toolset,
      contract,
      args: { ...args, ...rounds?.input(context) },
      rationale: rationaleOf(context),
      onProposal,
      ...(typeof name === 'string' && name !== '' ? { idempotency_key: name.slice(0, 200) } : {}),
    }),
  );
  assertCapable(caller, upstream, answer);
  if (isOpen(answer) && clientHasTasks(caller.capabilities())) return taskOf(answer);
  const told = callAnswer(contract, answer);
  return rounds && asksForMore(told) ? rounds.output(told, context) : told;
}

/** An upstream that asks for what the client has not: that is the client's to mend. The number is ours, as our connector writes it. */
function assertCapable(caller: Caller, upstream: OfferedTool['upstream'], answer: OutsideAnswer): void {
  if (!upstream || answer.status !== 'failed' || !answer.reason.endsWith(' error -32021')) return;
  const client = caller.capabilities();
  const lacking = upstream.relay.filter((kind) => client[kind] === undefined);
  throw new MissingRequiredClientCapabilityError({
    requiredCapabilities: Object.fromEntries(lacking.map((kind) => [kind, {}])),
  });
}

export const isOpen = ({ status }: OutsideAnswer): boolean =>
  status === 'waiting' || status === 'running' || status === 'ready';

/** Does the work while the client hears what the upstream tells on the way. */
export async function followed<T>(
  caller: Caller,
  upstream: OfferedTool['upstream'],
  context: ServerContext,
  work: (onProposal: (id: ProposalId) => void) => Promise<T>,
): Promise<T> {
  if (!upstream) return work(() => undefined);
  const follower = followerOf(caller, upstream, context);
  const ends: (() => void)[] = [];
  try {
    return await work((id) => ends.push(caller.followers.follow(id, follower)));
  } finally {
    for (const end of ends) end();
  }
}

function followerOf(
  caller: Caller,
  upstream: NonNullable<OfferedTool['upstream']>,
  context: ServerContext,
): McpFollower {
  const { mcpReq } = context;
  const token = mcpReq._meta?.progressToken;
  const tell = (method: string, params: JsonObject) => {
    mcpReq.notify({ method, params }).catch(() => undefined);
  };
  return {
    capabilities: relayed(upstream, caller.capabilities()),
    signal: mcpReq.signal,
    log: ({ level, data, logger }) => {
      mcpReq
        .log(level as never, data, typeof logger === 'string' ? `${upstream.name}/${logger}` : upstream.name)
        .catch(() => undefined);
    },
    ...(token === undefined
      ? {}
      : { progress: (params) => tell('notifications/progress', { ...params, progressToken: token }) }),
  };
}

/** Why, in the client's words: bounded, and quoted, for they are nobody's we know. */
function rationaleOf({ mcpReq }: ServerContext): string {
  const given = mcpReq._meta?.['dev.portreeve/rationale'];
  return typeof given === 'string' && given.trim() !== ''
    ? given.slice(0, 1000)
    : 'Asked for over MCP, without a reason.';
}
