import { type JsonObject, PortreeveError } from '@portreeve/contract';
import type { Outside } from '@portreeve/gate';
import type { Authenticated } from '@portreeve/identity';
import { z } from 'zod';
import type { Gateway } from './gateway.ts';

/** The tool by which a client says at its start what it is going to do. */
export const DECLARE_INTENT: JsonObject = {
  name: 'declare_intent',
  title: 'Declare what you are going to do',
  description:
    'Call this first, before you read anything with another tool. Say in `task` what the user asked for, in their own words, ' +
    'with every name, address, amount and date that they gave. List in `calls` the tools that you will need, how often each, ' +
    'and, where the user named them, the values of arguments by JSON pointer. Actions that were declared before anything ' +
    'untrusted was read can go ahead by themselves; every other action waits for a person. After you have read untrusted ' +
    'text the declaration can only be narrowed.',
  inputSchema: {
    type: 'object',
    properties: {
      task: {
        type: 'string',
        minLength: 1,
        maxLength: 20_000,
        description: 'What the user asked for, in their words.',
      },
      calls: {
        type: 'array',
        maxItems: 128,
        items: {
          type: 'object',
          properties: {
            tool: { type: 'string', description: 'The name of a tool as it is listed.' },
            times: { type: 'integer', minimum: 0, maximum: 1000 },
            values: {
              type: 'object',
              description: 'By JSON pointer into the arguments: the values that may stand there.',
              additionalProperties: { type: 'array' },
            },
          },
          required: ['tool', 'times'],
          additionalProperties: false,
        },
      },
    },
    required: ['task', 'calls'],
    additionalProperties: false,
  },
  annotations: { readOnlyHint: true, openWorldHint: false },
};

export const declarationSchema = z.strictObject({
  task: z.string().min(1).max(20_000),
  calls: z
    .array(
      z.strictObject({
        tool: z.string().max(256),
        times: z.int().min(0).max(1000),
        /** Looked at by the session itself. */
        values: z.record(z.string().max(200), z.array(z.unknown()).max(256)).optional(),
      }),
    )
    .max(128),
});

/** Takes a declaration with the names that the client sees. Throws `bad_input` for a tool that it does not see. */
export async function declareIntent(
  deps: { readonly gateway: Gateway; readonly outside: Outside },
  who: Authenticated,
  given: unknown,
): Promise<JsonObject> {
  const parsed = declarationSchema.safeParse(given);
  if (!parsed.success) throw new PortreeveError('bad_input', 'This is no declaration: give `task` and `calls`.');
  const tools = deps.gateway.tools(who);
  const calls = parsed.data.calls.map((call) => {
    const tool = tools.find(({ name }) => name === call.tool);
    if (!tool) throw new PortreeveError('bad_input', `There is no tool ${JSON.stringify(call.tool.slice(0, 128))}.`);
    return { ...call, tool: tool.contract.name };
  });
  const view = await deps.outside.declare(who.principal, { task: parsed.data.task, intent: { calls } });
  const shownAs = new Map(tools.map(({ name, contract }) => [contract.name, name]));
  return JSON.parse(
    JSON.stringify({
      session: view.id,
      state: view.state,
      calls: view.intent.calls.map((call) => ({ ...call, tool: shownAs.get(call.tool) ?? call.tool })),
    }),
  ) as JsonObject;
}
