import { assertJson, type Json, type JsonObject } from '@portreeve/contract';
import { z } from 'zod';
import { type AnswerBlock, type ProviderAnswer, ProviderError, type Usage } from '../ports.ts';

const count = z.int().min(0);

const usageSchema = z.object({
  input_tokens: count,
  output_tokens: count,
  cache_creation_input_tokens: count.nullish(),
  cache_read_input_tokens: count.nullish(),
});

const textBlock = z.object({ type: z.literal('text'), text: z.string() });
const toolUseBlock = z.object({
  type: z.literal('tool_use'),
  id: z.string().min(1).max(256),
  name: z.string().min(1).max(128),
  input: z.record(z.string(), z.unknown()),
  // A wish that comes from code on the vendor's side is none that this question could lead to.
  caller: z.object({ type: z.literal('direct') }).nullish(),
});
const otherBlock = z.looseObject({ type: z.string().refine((type) => type !== 'text' && type !== 'tool_use') });

/** The parts of a `Message` that we rely on. Anything else in it is left alone. */
const messageSchema = z.object({
  type: z.literal('message'),
  model: z.string().min(1),
  content: z.array(z.union([textBlock, toolUseBlock, otherBlock])).max(10_000),
  stop_reason: z.string().nullable(),
  stop_details: z.looseObject({ category: z.string().nullish(), explanation: z.string().nullish() }).nullish(),
  usage: usageSchema,
});

/** Rejects, as a `broken_answer`, what is no message. */
export function fromMessage(data: unknown, request_id: string | null): ProviderAnswer {
  const parsed = messageSchema.safeParse(data);
  if (!parsed.success) throw notAMessage(request_id, parsed.error);
  const { model, content, stop_reason, stop_details, usage } = parsed.data;
  return {
    ...{ model, request_id },
    stop_reason: stop_reason ?? 'none',
    refusal:
      stop_reason === 'refusal'
        ? { category: stop_details?.category ?? null, explanation: stop_details?.explanation ?? null }
        : null,
    content: content.map((block) => answerBlock(block, request_id)),
    text: content.map((block) => (block.type === 'text' ? (block as z.infer<typeof textBlock>).text : '')).join(''),
    ...inOurWords(usage),
  };
}

/** The token counts of a message or of an event; what cannot be read counts as nothing. */
export function usageOf(data: unknown): Usage {
  return inOurWords(usageSchema.safeParse(data).data ?? { input_tokens: 0, output_tokens: 0 });
}

function inOurWords(usage: z.infer<typeof usageSchema>): Usage {
  const cache_read_tokens = usage.cache_read_input_tokens ?? 0;
  const cache_write_tokens = usage.cache_creation_input_tokens ?? 0;
  return {
    input_tokens: usage.input_tokens + cache_write_tokens + cache_read_tokens,
    output_tokens: usage.output_tokens,
    cache_read_tokens,
    cache_write_tokens,
  };
}

function answerBlock(block: z.infer<typeof messageSchema>['content'][number], request_id: string | null): AnswerBlock {
  const parsed = toolUseBlock.safeParse(block);
  if (block.type === 'text') return { type: 'text', text: (block as z.infer<typeof textBlock>).text };
  const json = asJson(parsed.success ? parsed.data.input : block, request_id);
  return parsed.success
    ? { type: 'tool_use', id: parsed.data.id, name: parsed.data.name, input: json }
    : { type: 'opaque', block: json };
}

function asJson(value: unknown, request_id: string | null): JsonObject {
  try {
    assertJson(value);
    return value as Json as JsonObject;
  } catch (error) {
    throw notAMessage(request_id, error);
  }
}

function notAMessage(request_id: string | null, cause: unknown): ProviderError {
  return new ProviderError('broken_answer', 'the answer is not a message of the Messages API', {
    transient: true,
    request_id,
    cause,
  });
}
