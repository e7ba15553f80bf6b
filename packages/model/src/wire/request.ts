import { z } from 'zod';

const cache_control = z.strictObject({ type: z.literal('ephemeral'), ttl: z.enum(['5m', '1h']).optional() }).optional();
const text = z.string().regex(/\S/, 'text must not be blank');
const textBlock = z.strictObject({ type: z.literal('text'), text, cache_control });
const searchResult = z.strictObject({
  type: z.literal('search_result'),
  source: z.string().min(1),
  title: z.string().min(1),
  content: z.array(z.strictObject({ type: z.literal('text'), text })).min(1),
});
const toolResult = z.strictObject({
  type: z.literal('tool_result'),
  tool_use_id: z.string().min(1),
  content: z.union([text, z.array(searchResult).min(1)]),
  is_error: z.boolean(),
});
const toolUse = z.looseObject({ type: z.literal('tool_use'), id: z.string().min(1), name: z.string().min(1) });
const thinking = z.looseObject({ type: z.literal('thinking'), thinking: z.string(), signature: z.string() });

const userTurn = z.strictObject({
  role: z.literal('user'),
  content: z.array(z.union([textBlock, searchResult, toolResult])).min(1),
});
const assistantTurn = z.strictObject({
  role: z.literal('assistant'),
  content: z.array(z.union([textBlock, toolUse, thinking])).min(1),
});
const tool = z.strictObject({
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,128}$/),
  description: z.string(),
  input_schema: z.looseObject({ type: z.literal('object') }),
});

/**
 * The part of the Messages API that Portreeve speaks, checked as strictly as the API does: a parameter that it no longer
 * knows (`temperature`, a `citations` beside a structured output) is an error here too.
 */
export const messagesRequestSchema = z.strictObject({
  model: z.string().min(1),
  max_tokens: z.int().min(1),
  system: z.union([z.string().min(1), z.array(textBlock).min(1)]).optional(),
  messages: z
    .array(z.union([userTurn, assistantTurn]))
    .min(1)
    .refine((turns) => turns[0]?.role === 'user' && turns.at(-1)?.role === 'user', 'must begin and end with the user'),
  tools: z.array(tool).min(1).optional(),
  output_config: z.strictObject({
    format: z.strictObject({ type: z.literal('json_schema'), schema: z.record(z.string(), z.unknown()) }),
  }),
  stream: z.boolean().optional(),
});
export type MessagesRequest = z.infer<typeof messagesRequestSchema>;
