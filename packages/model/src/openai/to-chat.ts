import type { JsonObject } from '@portreeve/contract';
import type {
  ChatCompletionCreateParamsNonStreaming,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions';
import { sentSchema } from '../messages/to-message.ts';
import type { AnswerBlock, ProviderBlock, ProviderRequest, ProviderTurn } from '../ports.ts';

/** The name of the limit of output tokens. Older servers know only `max_tokens`. */
export type LimitParameter = 'max_completion_tokens' | 'max_tokens';

/**
 * One question as a chat completion. There are no blocks for evidence there: each piece stands as one JSON object on a
 * line of its own, so that nothing in it can end it, and is called what the system layer calls it.
 */
export function toChat(request: ProviderRequest, limit: LimitParameter): ChatCompletionCreateParamsNonStreaming {
  return {
    model: request.model,
    [limit]: request.max_output_tokens,
    messages: [
      ...(request.system === '' ? [] : [{ role: 'system' as const, content: request.system }]),
      { role: 'user', content: textOf(request.content) },
      ...(request.turns ?? []).flatMap(turn),
    ],
    ...(request.tools?.length
      ? {
          tools: request.tools.map(({ name, description, input }) => ({
            type: 'function' as const,
            function: { name, description, parameters: input as Record<string, unknown> },
          })),
        }
      : {}),
    response_format: { type: 'json_schema', json_schema: { name: 'answer', ...schemaOf(request.output) } },
  };
}

const textOf = (blocks: readonly ProviderBlock[]): string =>
  blocks
    .map(written)
    .filter((text) => text.trim() !== '')
    .join('\n\n');

function written(block: ProviderBlock): string {
  if (block.type === 'text') return block.text;
  if (block.type === 'tool_result') return '';
  return JSON.stringify({ search_result: searchResult(block, block.text) });
}

const searchResult = ({ source, title }: { source: string; title: string }, text: string) => ({ source, title, text });

function turn({ role, content }: ProviderTurn): ChatCompletionMessageParam[] {
  if (role === 'assistant') return [assistant(content)];
  const results = content.flatMap((block): ChatCompletionMessageParam[] =>
    block.type === 'tool_result'
      ? [
          {
            role: 'tool',
            tool_call_id: block.id,
            content: JSON.stringify({
              failed: block.failed,
              ...(block.evidence
                ? { search_result: searchResult(block.evidence, block.text) }
                : { result: block.text }),
            }),
          },
        ]
      : [],
  );
  const text = textOf(content);
  return text === '' ? results : [...results, { role: 'user', content: text }];
}

function assistant(content: readonly AnswerBlock[]): ChatCompletionMessageParam {
  const text = content.map((block) => (block.type === 'text' ? block.text : '')).join('');
  const calls = content.flatMap((block) =>
    block.type === 'tool_use'
      ? [
          {
            ...{ id: block.id, type: 'function' as const },
            function: { name: block.name, arguments: JSON.stringify(block.input) },
          },
        ]
      : [],
  );
  return { role: 'assistant', content: text === '' ? null : text, ...(calls.length > 0 ? { tool_calls: calls } : {}) };
}

/** The schema, in the strict form where it is one: there each property must be required. */
function schemaOf(output: JsonObject): { schema: Record<string, unknown>; strict: boolean } {
  const schema = sentSchema(output);
  return { schema, strict: requiresAll(schema) };
}

function requiresAll(node: unknown): boolean {
  if (typeof node !== 'object' || node === null) return true;
  const { properties, required } = node as { properties?: object; required?: unknown };
  if (typeof properties === 'object' && properties !== null) {
    const named = new Set(Array.isArray(required) ? required : []);
    if (Object.keys(properties).some((name) => !named.has(name))) return false;
  }
  return Object.values(node).every(requiresAll);
}
