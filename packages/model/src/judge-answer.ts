import { oneLine, type ProviderAnswer } from './ports.ts';
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

export type OutputCategory = 'valid' | 'invalid' | 'refusal' | 'truncated' | 'empty' | 'other';

export type Verdict =
  | { readonly category: 'valid'; readonly validation: Extract<Validation, { ok: true }> }
  | { readonly category: 'invalid'; readonly validation: Extract<Validation, { ok: false }> }
  | {
      readonly category: Exclude<OutputCategory, 'valid' | 'invalid'>;
      readonly code: AskFailure;
      readonly reason: string;
    };

/** What an answer is worth (requirement E7); the table is in SPEC.md. Only `end_turn` with text is looked into. */
export function judgeAnswer(answer: ProviderAnswer, validate: (text: string) => Validation): Verdict {
  switch (answer.stop_reason) {
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

function refusalReason({ refusal }: ProviderAnswer): string {
  const category = refusal?.category ? ` (${oneLine(refusal.category, 64)})` : '';
  const explanation = refusal?.explanation ? `: ${oneLine(refusal.explanation, 300)}` : '';
  return `the model refused${category}${explanation}`;
}
