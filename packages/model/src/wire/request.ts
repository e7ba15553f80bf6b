import { z } from 'zod';

const textBlock = z.strictObject({ type: z.literal('text'), text: z.string().regex(/\S/, 'text must not be blank') });
const searchResult = z.strictObject({
  type: z.literal('search_result'),
  source: z.string().min(1),
  title: z.string().min(1),
  content: z.array(textBlock).min(1),
});

/**
 * The part of the Messages API that Portreeve speaks, checked as strictly as the API does: a parameter that it no longer
 * knows (`temperature`, a `citations` beside a structured output) is an error here too.
 */
export const messagesRequestSchema = z.strictObject({
  model: z.string().min(1),
  max_tokens: z.int().min(1),
  system: z.string().min(1).optional(),
  messages: z
    .array(z.strictObject({ role: z.literal('user'), content: z.array(z.union([textBlock, searchResult])).min(1) }))
    .length(1),
  output_config: z.strictObject({
    format: z.strictObject({ type: z.literal('json_schema'), schema: z.record(z.string(), z.unknown()) }),
  }),
  stream: z.literal(false).optional(),
});
export type MessagesRequest = z.infer<typeof messagesRequestSchema>;
