import type { JsonObject } from '@portreeve/contract';
import type { MessageReply } from '../wire/message.ts';
import type { MessagesRequest } from '../wire/request.ts';
import { generate } from './generate.ts';
import type { Material } from './read-request.ts';
import { obey } from './worst-case.ts';

/** Told to go on and on, it does. */
const ENDLESS = /\b(again and again|until i say stop|every tool|once more)\b/i;

/**
 * The tools that an instruction names, for a model that works in turns: each once, or again in every turn where it is told
 * to go on. The arguments are as told; none where nobody told it to use a tool.
 */
export function wishesFor(
  request: MessagesRequest,
  told: string,
  material: Material,
): NonNullable<MessageReply['tools']> {
  if (told === '' || !request.tools) return [];
  const used = new Set(
    request.messages.flatMap(({ role, content }) =>
      role === 'assistant' ? content.flatMap((block) => (block.type === 'tool_use' ? [block.name] : [])) : [],
    ),
  );
  const wanted = request.tools.filter(({ name }) => told.includes(name) && (ENDLESS.test(told) || !used.has(name)));
  return wanted.map(({ name, input_schema }, index) => ({
    id: `toolu_local_${request.messages.length}_${index}`,
    name,
    input: generate(input_schema as JsonObject, material, obey(told)),
  }));
}
