import { z } from 'zod';
import { type Dialect, isError, jsonBody } from '../../wire/dialect.ts';
import { type MessageReply, messageOf, piecesOf, requestId } from '../../wire/message.ts';

const tool_calls = z
  .array(
    z.strictObject({
      id: z.string().min(1),
      type: z.literal('function'),
      function: z.strictObject({ name: z.string().min(1), arguments: z.string() }),
    }),
  )
  .min(1);

/** The part of `chat/completions` that Portreeve speaks, checked strictly. */
const chatRequestSchema = z.strictObject({
  model: z.string().min(1),
  max_completion_tokens: z.int().min(1).optional(),
  max_tokens: z.int().min(1).optional(),
  messages: z
    .array(
      z.union([
        z.strictObject({ role: z.enum(['system', 'user']), content: z.string().min(1) }),
        z.strictObject({
          role: z.literal('assistant'),
          content: z.string().nullable(),
          tool_calls: tool_calls.optional(),
        }),
        z.strictObject({ role: z.literal('tool'), tool_call_id: z.string().min(1), content: z.string() }),
      ]),
    )
    .min(1),
  tools: z
    .array(
      z.strictObject({
        type: z.literal('function'),
        function: z.strictObject({
          name: z.string().min(1),
          description: z.string(),
          parameters: z.record(z.string(), z.unknown()),
        }),
      }),
    )
    .optional(),
  response_format: z.strictObject({
    type: z.literal('json_schema'),
    json_schema: z.strictObject({
      name: z.string().min(1),
      schema: z.record(z.string(), z.unknown()),
      strict: z.boolean(),
    }),
  }),
  stream: z.boolean().optional(),
  stream_options: z.strictObject({ include_usage: z.boolean() }).optional(),
});
export type ChatRequest = z.infer<typeof chatRequestSchema>;

const FINISH: Readonly<Record<string, string>> = {
  end_turn: 'stop',
  max_tokens: 'length',
  tool_use: 'tool_calls',
  refusal: 'stop',
};
const finishOf = (reply: MessageReply): string => FINISH[reply.stop_reason ?? 'end_turn'] ?? String(reply.stop_reason);

const refusalOf = (reply: MessageReply): string | null =>
  reply.stop_reason === 'refusal' ? (reply.stop_details?.explanation ?? 'no') : null;

const callsOf = (reply: MessageReply) =>
  (reply.tools ?? []).map(({ id, name, input }) => ({
    ...{ id, type: 'function' },
    function: { name, arguments: JSON.stringify(input) },
  }));

function usageOf(reply: MessageReply, n: number) {
  const { usage } = messageOf(reply, n);
  return {
    prompt_tokens: usage.input_tokens + usage.cache_read_input_tokens,
    completion_tokens: usage.output_tokens,
    total_tokens: usage.input_tokens + usage.cache_read_input_tokens + usage.output_tokens,
    prompt_tokens_details: { cached_tokens: usage.cache_read_input_tokens },
  };
}

const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;

/** An OpenAI-compatible `chat/completions`; a server of one's own may ask for no key. */
export function openaiDialect(apiKey: string | null): Dialect<ChatRequest> {
  return {
    read(incoming, text) {
      const { url, method, headers } = incoming;
      if (url !== '/v1/chat/completions' || method !== 'POST') return { status: 404, message: 'not found' };
      if (headers.authorization !== (apiKey === null ? undefined : `Bearer ${apiKey}`))
        return { status: 401, message: 'Incorrect API key provided' };
      const json = jsonBody(text);
      if (isError(json)) return json;
      const parsed = chatRequestSchema.safeParse(json.data);
      if (parsed.success) return { body: parsed.data, stream: parsed.data.stream === true };
      const [issue] = parsed.error.issues;
      return { status: 400, message: `${issue?.path.join('.')}: ${issue?.message}` };
    },
    headers: (n) => ({ 'x-request-id': requestId(n) }),
    message: (reply, n) => ({
      ...{ id: `chatcmpl-${n}`, object: 'chat.completion', created: 1_790_000_000, model: reply.model },
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: reply.text === '' ? null : reply.text,
            refusal: refusalOf(reply),
            ...(reply.tools ? { tool_calls: callsOf(reply) } : {}),
          },
          finish_reason: finishOf(reply),
        },
      ],
      usage: usageOf(reply, n),
    }),
    stream_type: 'text/event-stream',
    frames(reply, n) {
      const chunk = (delta: unknown, finish_reason: string | null = null) =>
        data({
          ...{ id: `chatcmpl-${n}`, object: 'chat.completion.chunk', created: 1_790_000_000, model: reply.model },
          choices: [{ index: 0, delta, finish_reason }],
          usage: null,
        });
      const refusal = refusalOf(reply);
      return [
        chunk({ role: 'assistant', content: '' }),
        // What keeps a line open; a client passes over it.
        ': keep-alive\n\n',
        ...piecesOf(reply.text).map((content) => chunk({ content })),
        ...(refusal === null ? [] : [chunk({ refusal })]),
        ...callsOf(reply).flatMap(({ id, type, function: { name, arguments: args } }, index) => [
          chunk({ tool_calls: [{ index, id, type, function: { name, arguments: '' } }] }),
          ...piecesOf(args).map((piece) => chunk({ tool_calls: [{ index, function: { arguments: piece } }] })),
        ]),
        chunk({}, finishOf(reply)),
        data({ id: `chatcmpl-${n}`, model: reply.model, choices: [], usage: usageOf(reply, n) }),
        'data: [DONE]\n\n',
      ];
    },
    error: ({ message, error_code, status }) => ({
      body: { error: { message, type: 'error', param: null, code: error_code ?? `status_${status}` } },
    }),
  };
}
