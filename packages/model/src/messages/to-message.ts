import { transformJSONSchema } from '@anthropic-ai/sdk/lib/transform-json-schema.mjs';
import type { MessageCreateParamsNonStreaming } from '@anthropic-ai/sdk/resources/messages';
import { type JsonObject, PortreeveError } from '@portreeve/contract';
import type { AnswerBlock, ProviderBlock, ProviderRequest, ProviderTurn } from '../ports.ts';
import { cachePoint, type PromptCache } from './cache-point.ts';

type Message = MessageCreateParamsNonStreaming['messages'][number];
type UserBlock = Exclude<Extract<Message, { role: 'user' }>['content'], string>[number];
type AssistantBlock = Exclude<Extract<Message, { role: 'assistant' }>['content'], string>[number];

/**
 * One question as the Messages API takes it. Evidence goes into `search_result` blocks, without `citations`: these and
 * a structured output exclude each other, and our own check of the cited ids is stricter.
 */
export function toMessage(request: ProviderRequest, cache: PromptCache = 'off'): MessageCreateParamsNonStreaming {
  const point = cachePoint(request, cache);
  const content = request.content.flatMap((block, index) =>
    userBlock(block).map((made) => (index === point.after ? { ...made, cache_control: point.control } : made)),
  );
  return {
    model: request.model,
    max_tokens: request.max_output_tokens,
    ...(request.system === '' ? {} : { system: systemOf(request.system, point) }),
    messages: [{ role: 'user', content: content as UserBlock[] }, ...(request.turns ?? []).map(turn)],
    ...(request.tools?.length
      ? {
          tools: request.tools.map(({ name, description, input }) => ({
            name,
            description,
            input_schema: input as { type: 'object' },
          })),
        }
      : {}),
    output_config: { format: { type: 'json_schema', schema: sentSchema(request.output) } },
  };
}

function systemOf(text: string, { after, control }: ReturnType<typeof cachePoint>) {
  return after === 'system' ? [{ type: 'text' as const, text, cache_control: control }] : text;
}

function turn({ role, content }: ProviderTurn): Message {
  return role === 'assistant'
    ? { role, content: content.map(assistantBlock) }
    : { role, content: content.flatMap(userBlock) };
}

function assistantBlock(block: AnswerBlock): AssistantBlock {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: block.text };
    case 'tool_use':
      return { type: 'tool_use', id: block.id, name: block.name, input: block.input };
    case 'opaque':
      return block.block as unknown as AssistantBlock;
  }
}

function userBlock(block: ProviderBlock): UserBlock[] {
  // The API refuses blank text.
  const blank = block.text.trim() === '';
  const shown = blank ? '(empty)' : block.text;
  switch (block.type) {
    case 'text':
      return blank ? [] : [{ type: 'text', text: block.text }];
    case 'data':
      return [searchResult(block, shown)];
    case 'tool_result':
      return [
        {
          ...{ type: 'tool_result', tool_use_id: block.id, is_error: block.failed },
          content: block.evidence ? [searchResult(block.evidence, shown)] : shown,
        },
      ];
  }
}

/** Evidence has one frame, wherever in a question it stands. */
const searchResult = ({ source, title }: { source: string; title: string }, text: string) => ({
  type: 'search_result' as const,
  source,
  title: title.trim() === '' ? source : title,
  content: [{ type: 'text' as const, text }],
});

/** What the API accepts of the schema; keywords that it does not enforce become hints in the descriptions. */
export function sentSchema(schema: JsonObject): Record<string, unknown> {
  try {
    return transformJSONSchema(schema);
  } catch (error) {
    throw new PortreeveError(
      'misconfigured',
      'a prompt\u2019s output schema cannot be sent: each part of it needs a type',
      { cause: error },
    );
  }
}
