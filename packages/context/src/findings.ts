import type { Cleaned, UnicodeKind } from './clean.ts';
import { foldConfusables } from './confusables.ts';
import { INJECTION_LIKELY, scoreInjection } from './detect/score-injection.ts';
import type { DocumentFindingKind } from './ingest/document.ts';

export type FindingKind =
  | UnicodeKind
  | 'malformed_item'
  | 'no_declared_field'
  | 'instruction_like'
  | 'role_marker'
  | 'injection_likely'
  /** An outside classifier is set up and gave no answer about these items. */
  | 'classifier_silent'
  | DocumentFindingKind;

/** What was noticed in a source and where. `positions` names at most {@link POSITIONS_MAX} items; `count` counts all. */
export interface Finding {
  readonly kind: FindingKind;
  readonly count: number;
  readonly positions: readonly number[];
  /** Of `injection_likely`: the highest score, per mille. */
  readonly score?: number;
}

const POSITIONS_MAX = 1000;

/**
 * Phrases by which a text addresses the model instead of the reader. They are a signal for policy and for people: no
 * guarantee rests on them (requirement D4). Every gap is bounded, so matching is linear in the length of the text.
 */
const INSTRUCTION_LIKE: readonly RegExp[] = [
  /\b(?:ignore|disregard|forget|override|bypass)\b[^.!?\n]{0,60}\b(?:instructions?|prompts?|rules|guidelines|guardrails)\b/,
  /\b(?:system|developer) (?:prompt|message)\b/,
  /\b(?:you are now|from now on,? you|act as (?:an?|the) (?:admin|system|root|unrestricted))\b/,
  /\b(?:new|updated|real|actual) (?:system )?instructions?\s{0,3}:/,
  /\b(?:publish|send|export|forward|upload|reveal|print|leak) (?:everything|all (?:of )?(?:the |your )?(?:data|secrets|logs|records|instructions))\b/,
  /\b(?:do not|don't|without) (?:tell(?:ing)?|inform(?:ing)?|notify(?:ing)?|ask(?:ing)?) (?:the )?(?:user|human|analyst|approver|anyone)\b/,
  /\b(?:ai|language model|llm|assistant)\b[^.!?\n]{0,40}\b(?:must|should|shall) (?:now )?(?:call|execute|approve|publish|ignore|reply|respond)\b/,
];

/** Markers by which chat templates part the speakers: in data they can only be an attempt to change speaker. */
const ROLE_MARKER =
  /<\|(?:im_start|im_end|system|user|assistant|endoftext)\|>|\[\/?inst\]|<<\/?sys>>|<\/?(?:system|assistant)>|(?:^|\n)\s{0,8}#{0,3}\s?(?:system|assistant|human)\s?:/;

/** Gathers findings over the items of one reading. */
export class FindingLog {
  readonly #entries = new Map<FindingKind, { count: number; positions: Set<number> }>();
  #score = 0;

  add(kind: FindingKind, position: number, count = 1): void {
    const entry = this.#entries.get(kind) ?? { count: 0, positions: new Set() };
    entry.count += count;
    if (entry.positions.size < POSITIONS_MAX) entry.positions.add(position);
    this.#entries.set(kind, entry);
  }

  /** Notes what was removed from a value, and what its text looks like. */
  inspect(position: number, cleaned: Cleaned): void {
    for (const [kind, count] of cleaned.removed) this.add(kind, position, count);
    const confusable = cleaned.spans.filter((span) => span.kind === 'confusable_character').length;
    if (confusable > 0) this.add('confusable_character', position, confusable);
    for (const kind of suspiciousKinds(cleaned.text)) this.add(kind, position);
    this.score(position, cleaned.text);
  }

  /** Notes where a text looks as if it gave orders to a model; whether it does. */
  score(position: number, text: string): boolean {
    const { score } = scoreInjection(text);
    if (score < INJECTION_LIKELY) return false;
    this.add('injection_likely', position);
    this.#score = Math.max(this.#score, score);
    return true;
  }

  /** Sorted by kind, so that the same source gives the same record. */
  list(): Finding[] {
    return [...this.#entries]
      .map(([kind, { count, positions }]) => ({
        ...{ kind, count, positions: [...positions] },
        ...(kind === 'injection_likely' ? { score: this.#score } : {}),
      }))
      .sort((a, b) => (a.kind < b.kind ? -1 : 1));
  }
}

/** Which suspicious kinds a cleaned text shows. Look-alike letters are folded (NFKC, UTS #39) before matching. */
export function suspiciousKinds(text: string): ('instruction_like' | 'role_marker')[] {
  const folded = foldConfusables(text.normalize('NFKC')).toLowerCase();
  const words = folded.replace(/[\s_]+/g, ' ');
  return [
    ...(INSTRUCTION_LIKE.some((pattern) => pattern.test(words)) ? (['instruction_like'] as const) : []),
    ...(ROLE_MARKER.test(folded) ? (['role_marker'] as const) : []),
  ];
}
