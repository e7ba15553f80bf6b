import { transformJSONSchema } from '@anthropic-ai/sdk/lib/transform-json-schema.mjs';
import type { MessageCreateParamsNonStreaming } from '@anthropic-ai/sdk/resources/messages';
import { type JsonObject, PortreeveError } from '@portreeve/contract';
import { z } from 'zod';
import { type ProviderAnswer, type ProviderBlock, ProviderError, type ProviderRequest } from '../ports.ts';

type UserBlock = Exclude<MessageCreateParamsNonStreaming['messages'][number]['content'], string>[number];

/**
 * One question as the Messages API takes it. Evidence goes into `search_result` blocks, without `citations`: these and
 * a structured output exclude each other, and our own check of the cited ids is stricter.
 */
export function toMessage(request: ProviderRequest): MessageCreateParamsNonStreaming {
  return {
    model: request.model,
    max_tokens: request.max_output_tokens,
    ...(request.system === '' ? {} : { system: request.system }),
    messages: [{ role: 'user', content: request.content.flatMap(userBlock) }],
    output_config: { format: { type: 'json_schema', schema: sentSchema(request.output) } },
  };
}

function userBlock(block: ProviderBlock): UserBlock[] {
  // The API refuses blank text.
  const blank = block.text.trim() === '';
  if (block.type === 'text') return blank ? [] : [{ type: 'text', text: block.text }];
  return [
    {
      type: 'search_result',
      source: block.source,
      title: block.title.trim() === '' ? block.source : block.title,
      content: [{ type: 'text', text: blank ? '(empty)' : block.text }],
    },
  ];
}

/** What the API accepts of the schema; keywords that it does not enforce become hints in the descriptions. */
function sentSchema(schema: JsonObject): Record<string, unknown> {
  try {
    return transformJSONSchema(schema);
  } catch (error) {
    throw new PortreeveError(
      'misconfigured',
      'a prompt\u2019s output schema cannot be sent: each part of it needs a type',
      {
        cause: error,
      },
    );
  }
}

const count = z.int().min(0);

/** The parts of a `Message` that we rely on. Anything else in it is left alone. */
const messageSchema = z.object({
  type: z.literal('message'),
  model: z.string().min(1),
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })).max(10_000),
  stop_reason: z.string().nullable(),
  stop_details: z.looseObject({ category: z.string().nullish(), explanation: z.string().nullish() }).nullish(),
  usage: z.object({
    input_tokens: count,
    output_tokens: count,
    cache_creation_input_tokens: count.nullish(),
    cache_read_input_tokens: count.nullish(),
  }),
});

export function fromMessage(data: unknown, request_id: string | null): ProviderAnswer {
  const parsed = messageSchema.safeParse(data);
  if (!parsed.success) {
    throw new ProviderError('broken_answer', 'the answer is not a message of the Messages API', {
      transient: true,
      request_id,
      cause: parsed.error,
    });
  }
  const { model, content, stop_reason, stop_details, usage } = parsed.data;
  return {
    model,
    stop_reason: stop_reason ?? 'none',
    refusal:
      stop_reason === 'refusal'
        ? { category: stop_details?.category ?? null, explanation: stop_details?.explanation ?? null }
        : null,
    text: content.map((block) => (block.type === 'text' ? (block.text ?? '') : '')).join(''),
    input_tokens: usage.input_tokens + (usage.cache_creation_input_tokens ?? 0) + (usage.cache_read_input_tokens ?? 0),
    output_tokens: usage.output_tokens,
    request_id,
  };
}
