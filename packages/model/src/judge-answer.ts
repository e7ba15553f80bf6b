import type { JsonObject, ModelRequest } from '@portreeve/contract';
import { type AnswerBlock, oneLine, type ProviderAnswer } from './ports.ts';
import type { Validation } from './validate-output.ts';

/** Every way in which a question can end without a valid answer. */
export const ASK_FAILURES = [
  'refused_by_model',
  'truncated',
  /** The question is longer than its prompt, its endpoint or its model allows. */
  'over_budget',
  'empty',
  'invalid_output',
  'unavailable',
  'rejected',
  /** The endpoint takes no question of ours: no access, no money, no such model. */
  'no_access',
  /** The limits are reached: a matter of waiting. */
  'busy',
  'budget_exhausted',
  'unexpected_stop',
  'timeout',
] as const;
export type AskFailure = (typeof ASK_FAILURES)[number];

export type OutputCategory = 'valid' | 'wishes' | 'invalid' | 'refusal' | 'truncated' | 'empty' | 'other';

export interface Wished {
  /** As the vendor names it; the answer to the wish goes back under it. */
  readonly id: string;
  readonly name: string;
  readonly args: JsonObject;
  /** The text that stands before it in the same answer; null where there is none. */
  readonly said: string | null;
}

export type Verdict =
  | { readonly category: 'valid'; readonly validation: Extract<Validation, { ok: true }> }
  /** An agent wishes for tools: nothing more than that. */
  | { readonly category: 'wishes'; readonly wishes: readonly Wished[] }
  | { readonly category: 'invalid'; readonly validation: Extract<Validation, { ok: false }> }
  | {
      readonly category: Exclude<OutputCategory, 'valid' | 'wishes' | 'invalid'>;
      readonly code: AskFailure;
      readonly reason: string;
    };

/** What an answer is worth (requirement E7); the table is in SPEC.md. Only `end_turn` with text is looked into. */
export function judgeAnswer(
  answer: ProviderAnswer,
  validate: (text: string) => Validation,
  tools?: ModelRequest['tools'],
): Verdict {
  switch (answer.stop_reason) {
    case 'tool_use':
      return judgeWishes(answer, tools);
    case 'refusal':
      return { category: 'refusal', code: 'refused_by_model', reason: refusalReason(answer) };
    case 'max_tokens':
      return { category: 'truncated', code: 'truncated', reason: 'the answer reached the limit of output tokens' };
    case 'model_context_window_exceeded':
      return {
        category: 'truncated',
        code: 'truncated',
        reason: 'the question and the answer exceed the context window',
      };
    case 'end_turn': {
      if (answer.text.trim() === '')
        return { category: 'empty', code: 'empty', reason: 'the model ended its turn without text' };
      const validation = validate(answer.text);
      return validation.ok ? { category: 'valid', validation } : { category: 'invalid', validation };
    }
    default:
      return {
        category: 'other',
        code: 'unexpected_stop',
        reason: `the model stopped for a reason that nothing here asked for: ${oneLine(answer.stop_reason, 64)}`,
      };
  }
}

/** Wishes that one answer may hold. */
const WISHES_MAX = 16;

function judgeWishes({ content }: ProviderAnswer, tools: ModelRequest['tools']): Verdict {
  const unexpected = (reason: string): Verdict => ({ category: 'other', code: 'unexpected_stop', reason });
  if (!tools) return unexpected('the model wished for a tool, and the step has none');
  if (tools.closed) return unexpected('the model wished for a tool after its last turn');
  const wishes = content.flatMap((each) => (each.type === 'tool_use' ? [each] : []));
  if (wishes.length === 0 || wishes.length > WISHES_MAX)
    return unexpected(`the model wished for ${wishes.length} tools at once`);
  if (new Set(wishes.map(({ id }) => id)).size !== wishes.length)
    return unexpected('two wishes of the model have the same id');
  if (!wishes.every(({ name }) => tools.list.some((tool) => tool.name === name)))
    return unexpected('the model wished for a tool that the step does not declare');
  return {
    category: 'wishes',
    wishes: wishes.map((wish) => ({ id: wish.id, name: wish.name, args: wish.input, said: saidBefore(wish, content) })),
  };
}

/** Wishes that stand together have the same words before them. */
function saidBefore(wish: AnswerBlock, content: readonly AnswerBlock[]): string | null {
  const before = content.slice(0, content.indexOf(wish));
  const text = before.flatMap((each) => (each.type === 'text' ? [each.text.trim()] : [])).join('\n');
  return text.trim() === '' ? null : text.trim();
}

function refusalReason({ refusal }: ProviderAnswer): string {
  const category = refusal?.category ? ` (${oneLine(refusal.category, 64)})` : '';
  const explanation = refusal?.explanation ? `: ${oneLine(refusal.explanation, 300)}` : '';
  return `the model refused${category}${explanation}`;
}
