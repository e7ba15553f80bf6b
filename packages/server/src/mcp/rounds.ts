import {
  ProtocolError,
  ProtocolErrorCode,
  type RequestStateCodec,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { digestOf, type Json, type JsonObject, MCP_INPUT, type McpUpstream, PortreeveError } from '@portreeve/contract';
import type { Authenticated } from '@portreeve/identity';

/** What we keep in `requestState`: whose round it is, of which call, and what the upstream gave us to bring back. */
export interface RoundState {
  readonly call: string;
  readonly state: string;
}

const ASKS: Readonly<Record<string, McpUpstream['relay'][number]>> = {
  'elicitation/create': 'elicitation',
  'sampling/createMessage': 'sampling',
  'roots/list': 'roots',
};

/** The capabilities that are shown to an upstream: what its policy passes on and the client has. */
export function relayed({ relay }: Pick<McpUpstream, 'relay'>, client: JsonObject): JsonObject {
  const has = (name: string) =>
    relay.includes(name as never) && typeof client[name] === 'object' && client[name] !== null;
  return {
    // A form that the client shows; never an address that it should open.
    ...(has('elicitation') ? { elicitation: { form: {} } } : {}),
    ...(has('sampling') ? { sampling: {} } : {}),
    ...(has('roots') ? { roots: {} } : {}),
  };
}

/** What a state belongs to: nothing but the same call of the same principal goes on with it. */
const callOf = (who: Authenticated, method: string, params: JsonObject): string =>
  digestOf({ v: 1, who: who.principal.id, act: who.principal.act.map(({ id }) => id), method, params });

/** The rounds of one call (MCP 2026-07-28, multi-round-trip requests). */
export function roundsOf(
  codec: RequestStateCodec<RoundState>,
  { who, upstream, method, params }: { who: Authenticated; upstream: McpUpstream; method: string; params: JsonObject },
) {
  const call = callOf(who, method, params);
  return {
    /** The argument that carries what the client answered; none in the first round. */
    input(context: ServerContext): JsonObject {
      const state = context.mcpReq.requestState<RoundState>();
      const responses = context.mcpReq.inputResponses as JsonObject | undefined;
      if (state === undefined && responses === undefined) return {};
      if (upstream.relay.length === 0) throw invalid('This server is not let to ask for anything.');
      if (state !== undefined && state.call !== call) throw invalid('This state belongs to another call.');
      return { [MCP_INPUT]: { ...(responses ? { responses } : {}), ...(state ? { state: state.state } : {}) } };
    },

    /** An answer that asks for something: with a state of ours in place of the upstream's. */
    async output(answer: JsonObject, context: ServerContext): Promise<JsonObject> {
      if (answer.resultType !== 'input_required') return answer;
      const { inputRequests = {}, requestState } = answer as { inputRequests?: JsonObject; requestState?: string };
      const kinds = Object.values(inputRequests).map((request) => ASKS[String((request as JsonObject).method)]);
      const refused = kinds.find((kind) => kind === undefined || !upstream.relay.includes(kind));
      if (refused !== undefined || kinds.includes(undefined as never))
        throw invalid('The server asked for something that is not passed on to clients.');
      return {
        resultType: 'input_required',
        ...(Object.keys(inputRequests).length > 0 ? { inputRequests } : {}),
        ...(requestState === undefined
          ? {}
          : { requestState: await codec.mint({ call, state: requestState }, context) }),
      };
    },
  };
}

/** INVARIANT: what a person answered comes in by the protocol, out of their client; arguments, which a model writes, are none. */
export function assertNoAnswers(args: JsonObject): void {
  if (Object.hasOwn(args, MCP_INPUT))
    throw new PortreeveError('bad_input', `${MCP_INPUT} is no argument: a client sends what its user answered.`);
}

const invalid = (message: string) => new ProtocolError(ProtocolErrorCode.InvalidParams, message);

/** Whether an answer of an upstream is one that asks. */
export const asksForMore = (result: Json): boolean => (result as JsonObject | null)?.resultType === 'input_required';
