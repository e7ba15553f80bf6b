import type { RiskTier, StepKind } from './workflow.ts';

/**
 * When a person looks at what a step made. `none`: policy judges each action by where its values came from, as always.
 * `at_action`: an action that has something of it needs an approval, so the person who approves is the one who looks.
 * `now`: the run waits until a person has confirmed or corrected it.
 */
export const REVIEWS = ['none', 'at_action', 'now'] as const;
export type Review = (typeof REVIEWS)[number];

/** Who reads what a step writes. */
export const AUDIENCES = ['inside', 'outside'] as const;
export type Audience = (typeof AUDIENCES)[number];

/** What the rules look at. */
export interface StepFacts {
  readonly step: StepKind;
  /** It is a final decision with consequences for somebody. */
  readonly final: boolean;
  readonly audience: Audience;
  /** Its answer is a choice among declared values, and nothing else. */
  readonly closed: boolean;
  /** Of the workflow. */
  readonly tier: RiskTier;
  /** Claims whose quoted passage does not stand in what they cite. */
  readonly unsupported: number;
  /** The model says that what it was shown supports no answer. */
  readonly off_pattern: boolean;
}

export interface ReviewRule {
  readonly id: string;
  /** Each member that is there must hold. */
  readonly when: {
    readonly steps?: readonly StepKind[];
    readonly final?: true;
    readonly audience?: Audience;
    readonly closed?: boolean;
    readonly tiers?: readonly RiskTier[];
    readonly unsupported?: true;
    readonly off_pattern?: true;
  };
  readonly review: Review;
  /** The least that a workflow may declare in its place. */
  readonly least: Review;
  /** A sentence for people. */
  readonly reason: string;
}

const rule = (id: string, when: ReviewRule['when'], review: Review, least: Review, reason: string): ReviewRule => ({
  id,
  when,
  review,
  least,
  reason,
});

/** The rules of requirement A4. The first that holds decides; the last of each kind of step holds always. */
export const REVIEW_RULES: readonly ReviewRule[] = [
  rule('off-pattern', { off_pattern: true }, 'now', 'now', 'The model says that what it was shown supports no answer.'),
  rule(
    'final-decision',
    { final: true },
    'now',
    'now',
    'A final decision with consequences is a person’s: the model only prepares it.',
  ),
  rule(
    'unsupported-claim',
    { unsupported: true },
    'at_action',
    'at_action',
    'It claims something that does not stand in what it cites.',
  ),
  rule(
    'classify-open',
    { steps: ['classify'], closed: false },
    'at_action',
    'at_action',
    'Its outcomes are not closed, so it may say anything.',
  ),
  rule(
    'classify',
    { steps: ['classify'] },
    'none',
    'none',
    'It chooses among outcomes that reviewed files list, and each is bounded.',
  ),
  rule(
    'extract-high',
    { steps: ['extract'], tiers: ['high', 'critical'] },
    'at_action',
    'none',
    'A wrong value does harm in a workflow of this risk.',
  ),
  rule(
    'extract',
    { steps: ['extract'] },
    'none',
    'none',
    'Each value can be compared with the passage that it was taken from.',
  ),
  rule(
    'generate-outside-high',
    { steps: ['generate'], audience: 'outside', tiers: ['high', 'critical'] },
    'at_action',
    'at_action',
    'What readers outside get from a workflow of this risk is read by a person first.',
  ),
  rule(
    'generate-outside',
    { steps: ['generate'], audience: 'outside' },
    'at_action',
    'none',
    'What readers outside get is read by a person first.',
  ),
  rule(
    'generate-inside',
    { steps: ['generate'] },
    'none',
    'none',
    'Its readers work here, and see that a model wrote it.',
  ),
  rule(
    'analyse-critical',
    { steps: ['analyse'], tiers: ['critical'] },
    'now',
    'at_action',
    'What is concluded in a workflow of critical risk is a person’s conclusion.',
  ),
  rule(
    'analyse-high',
    { steps: ['analyse'], tiers: ['high'] },
    'at_action',
    'at_action',
    'What is done by this conclusion has high stakes.',
  ),
  rule('analyse', { steps: ['analyse'] }, 'none', 'none', 'What is done by this conclusion has low stakes.'),
  rule(
    'agent',
    { steps: ['agent'] },
    'at_action',
    'at_action',
    'A model chose by itself what to look at and what to leave out.',
  ),
];

/** What confidence in one answer is worth, and how much is wanted; in per mille. */
export interface ConfidenceFacts {
  /** By the calibration of the step; `null` where there is none, or the prompt asks for no confidence. */
  readonly calibrated_per_mille: number | null;
  /** What the workflow wants at least; `null` where it wants nothing. */
  readonly threshold_per_mille: number | null;
}

export interface ReviewVerdict {
  readonly review: Review;
  /** The id of the rule, or `low-confidence`. */
  readonly rule: string;
  readonly reason: string;
}

/** The rule that holds for a step, whatever its workflow declares. */
export function ruleFor(facts: StepFacts): ReviewRule {
  const found = REVIEW_RULES.find(({ when }) => holds(when, facts));
  if (!found) throw new TypeError(`no review rule for ${facts.step}`);
  return found;
}

/**
 * When a person looks at one answer. Confidence below what the workflow wants goes to a person now, whatever the rule says;
 * confidence that was never calibrated is none.
 */
export function judgeReview(
  facts: StepFacts,
  declared: Review | undefined,
  confidence: ConfidenceFacts,
): ReviewVerdict {
  const { threshold_per_mille, calibrated_per_mille } = confidence;
  const { id, review, least, reason } = ruleFor(facts);
  if (threshold_per_mille !== null && review !== 'now' && (calibrated_per_mille ?? -1) < threshold_per_mille)
    return { review: 'now', rule: 'low-confidence', reason: describeLack(calibrated_per_mille, threshold_per_mille) };
  if (declared === undefined || REVIEWS.indexOf(declared) < REVIEWS.indexOf(least)) return { review, rule: id, reason };
  return {
    review: declared,
    rule: `${id}-declared`,
    reason: declared === review ? reason : 'Its workflow declares so.',
  };
}

/** Why a workflow may not declare this review; `null` where it may. */
export function declaredFault(facts: StepFacts, declared: Review): string | null {
  const { id, least, reason } = ruleFor(facts);
  if (REVIEWS.indexOf(declared) >= REVIEWS.indexOf(least)) return null;
  return `the rule ${id} asks for \`${least}\` at least: ${reason}`;
}

function describeLack(calibrated: number | null, threshold: number): string {
  if (calibrated === null) return 'Nobody has measured what its confidence is worth, and the workflow wants to know.';
  return `Answers of this confidence were right ${calibrated} times in 1000; the workflow wants ${threshold}.`;
}

function holds(when: ReviewRule['when'], facts: StepFacts): boolean {
  return (
    (when.steps?.includes(facts.step) ?? true) &&
    (when.final === undefined || facts.final) &&
    (when.audience === undefined || when.audience === facts.audience) &&
    (when.closed === undefined || when.closed === facts.closed) &&
    (when.tiers?.includes(facts.tier) ?? true) &&
    (when.unsupported === undefined || facts.unsupported > 0) &&
    (when.off_pattern === undefined || facts.off_pattern)
  );
}
