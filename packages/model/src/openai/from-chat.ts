import { assertJson, type JsonObject } from '@portreeve/contract';
import { z } from 'zod';
import { type AnswerBlock, type ProviderAnswer, ProviderError, type Usage } from '../ports.ts';

const count = z.int().min(0);

const usageSchema = z.object({
  prompt_tokens: count,
  completion_tokens: count,
  prompt_tokens_details: z.looseObject({ cached_tokens: count.nullish() }).nullish(),
});

const callSchema = z.object({
  id: z.string().min(1).max(256),
  type: z.literal('function'),
  function: z.object({ name: z.string().min(1).max(128), arguments: z.string() }),
});

/** The parts of a chat completion that we rely on. Anything else in it is left alone. */
const chatSchema = z.object({
  model: z.string().min(1),
  choices: z
    .array(
      z.object({
        finish_reason: z.string().nullable(),
        message: z.object({
          content: z.string().nullish(),
          refusal: z.string().nullish(),
          tool_calls: z.array(callSchema).max(1000).nullish(),
        }),
      }),
    )
    .min(1),
  // Servers of one's own may leave it out.
  usage: usageSchema.nullish(),
});

/** The reasons to stop, in the words of the Messages API. Others stay as they are. */
const STOP_REASONS: Readonly<Record<string, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  function_call: 'tool_use',
  content_filter: 'refusal',
};

/** Rejects, as a `broken_answer`, what is no chat completion. */
export function fromChat(data: unknown, request_id: string | null): ProviderAnswer {
  const parsed = chatSchema.safeParse(data);
  if (!parsed.success) throw notAChat(request_id, parsed.error);
  const { model, choices, usage } = parsed.data;
  const { finish_reason, message } = choices[0]!;
  const stopped = STOP_REASONS[finish_reason ?? ''] ?? finish_reason ?? 'none';
  const stop_reason = message.refusal ? 'refusal' : stopped;
  const text = message.content ?? '';
  const calls = (message.tool_calls ?? []).flatMap((call) => toolUse(call, stop_reason, request_id));
  return {
    ...{ model, stop_reason, text, request_id },
    refusal:
      stop_reason === 'refusal'
        ? {
            category: finish_reason === 'content_filter' ? 'content_filter' : null,
            explanation: message.refusal ?? null,
          }
        : null,
    content: [...(text === '' ? [] : [{ type: 'text' as const, text }]), ...calls],
    ...inOurWords(usage),
  };
}

/** The token counts of an event; what cannot be read counts as nothing. */
export function usageOf(data: unknown): Usage {
  return inOurWords(usageSchema.safeParse(data).data);
}

function inOurWords(usage: z.infer<typeof usageSchema> | null | undefined): Usage {
  return {
    input_tokens: usage?.prompt_tokens ?? 0,
    output_tokens: usage?.completion_tokens ?? 0,
    cache_read_tokens: usage?.prompt_tokens_details?.cached_tokens ?? 0,
    cache_write_tokens: 0,
  };
}

/** Arguments that were cut off at the limit of tokens are no wish. */
function toolUse(call: z.infer<typeof callSchema>, stop_reason: string, request_id: string | null): AnswerBlock[] {
  let input: unknown;
  try {
    input = JSON.parse(call.function.arguments || '{}');
    assertJson(input);
  } catch (error) {
    if (stop_reason === 'max_tokens') return [];
    throw notAChat(request_id, error);
  }
  if (typeof input !== 'object' || input === null || Array.isArray(input)) throw notAChat(request_id, null);
  return [{ type: 'tool_use', id: call.id, name: call.function.name, input: input as JsonObject }];
}

function notAChat(request_id: string | null, cause: unknown): ProviderError {
  return new ProviderError('broken_answer', 'the answer is not a chat completion', {
    transient: true,
    request_id,
    cause,
  });
}
