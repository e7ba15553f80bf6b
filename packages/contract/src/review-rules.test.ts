import { describe, expect, test } from 'vitest';
import { declaredFault, judgeReview, REVIEW_RULES, REVIEWS, ruleFor, type StepFacts } from './review-rules.ts';
import { RISK_TIERS, STEP_KINDS } from './workflow.ts';

const step = (over: Partial<StepFacts>): StepFacts => ({
  ...{ step: 'generate', final: false, audience: 'outside', closed: true, tier: 'medium', unsupported: 0 },
  off_pattern: false,
  ...over,
});
const SURE = { calibrated_per_mille: null, threshold_per_mille: null };

/** Every combination of what the rules look at. */
const EVERY: StepFacts[] = STEP_KINDS.flatMap((kind) =>
  RISK_TIERS.flatMap((tier) =>
    [true, false].flatMap((final) =>
      [true, false].flatMap((closed) =>
        (['inside', 'outside'] as const).flatMap((audience) =>
          [0, 1].flatMap((unsupported) =>
            [true, false].map((off_pattern) =>
              step({ step: kind, tier, final, closed, audience, unsupported, off_pattern }),
            ),
          ),
        ),
      ),
    ),
  ),
);

describe('A4: when a person looks at what a step made', () => {
  test.each<[string, Partial<StepFacts>, string, string]>([
    ['a final decision', { final: true, step: 'classify' }, 'final-decision', 'now'],
    ['E7: an answer that says it is none', { off_pattern: true, step: 'classify', final: true }, 'off-pattern', 'now'],
    ['a claim without support', { unsupported: 1, step: 'extract', tier: 'low' }, 'unsupported-claim', 'at_action'],
    ['a choice among closed outcomes', { step: 'classify' }, 'classify', 'none'],
    ['a choice that may be anything', { step: 'classify', closed: false }, 'classify-open', 'at_action'],
    ['values out of a document', { step: 'extract' }, 'extract', 'none'],
    ['values where a wrong one does harm', { step: 'extract', tier: 'high' }, 'extract-high', 'at_action'],
    ['a message to a customer', {}, 'generate-outside', 'at_action'],
    ['a message to a customer, of high risk', { tier: 'high' }, 'generate-outside-high', 'at_action'],
    ['a note to colleagues', { audience: 'inside' }, 'generate-inside', 'none'],
    ['a conclusion of low stakes', { step: 'analyse' }, 'analyse', 'none'],
    ['a conclusion of high stakes', { step: 'analyse', tier: 'high' }, 'analyse-high', 'at_action'],
    ['a conclusion of critical stakes', { step: 'analyse', tier: 'critical' }, 'analyse-critical', 'now'],
    ['what an agent came to', { step: 'agent' }, 'agent', 'at_action'],
  ])('%s', (_, facts, rule, review) => {
    expect(judgeReview(step(facts), undefined, SURE)).toMatchObject({ rule, review });
  });

  test('each step has a rule, each rule decides somewhere and gives its reason', () => {
    const deciding = new Set(EVERY.map((facts) => ruleFor(facts).id));
    expect([...deciding].sort()).toEqual(REVIEW_RULES.map(({ id }) => id).sort());
    for (const { reason, least, review } of REVIEW_RULES) {
      expect(reason).toMatch(/^[A-Z].*\.$/);
      expect(REVIEWS.indexOf(least)).toBeLessThanOrEqual(REVIEWS.indexOf(review));
    }
  });

  test('a final decision is a person’s, whatever is declared and however sure the model is', () => {
    for (const facts of EVERY.filter(({ final }) => final))
      for (const declared of REVIEWS)
        expect(judgeReview(facts, declared, { calibrated_per_mille: 1000, threshold_per_mille: 1 }).review).toBe('now');
  });

  test('a higher risk tier never asks for less', () => {
    for (const facts of EVERY) {
      const next = RISK_TIERS[RISK_TIERS.indexOf(facts.tier) + 1];
      if (!next) continue;
      const [lower, higher] = [facts.tier, next].map((tier) => REVIEWS.indexOf(ruleFor({ ...facts, tier }).review));
      expect(higher).toBeGreaterThanOrEqual(lower!);
    }
  });

  test('a workflow may declare less only as far as the rule lets it, and more always', () => {
    expect(judgeReview(step({}), 'none', SURE)).toMatchObject({ review: 'none', rule: 'generate-outside-declared' });
    expect(declaredFault(step({}), 'none')).toBeNull();
    expect(judgeReview(step({ tier: 'high' }), 'none', SURE)).toMatchObject({ review: 'at_action' });
    expect(declaredFault(step({ tier: 'high' }), 'none')).toMatch(/asks for `at_action` at least/);
    expect(judgeReview(step({ step: 'classify' }), 'now', SURE)).toMatchObject({ review: 'now' });
    for (const facts of EVERY)
      for (const declared of REVIEWS) {
        const { review } = judgeReview(facts, declared, SURE);
        expect(REVIEWS.indexOf(review)).toBeGreaterThanOrEqual(REVIEWS.indexOf(ruleFor(facts).least));
      }
  });

  test('confidence below what the workflow wants goes to a person now; at it or above, the rule decides', () => {
    const facts = step({ step: 'classify' });
    const wants = (calibrated_per_mille: number | null) =>
      judgeReview(facts, undefined, { calibrated_per_mille, threshold_per_mille: 900 });
    expect(wants(899)).toMatchObject({ review: 'now', rule: 'low-confidence' });
    expect(wants(900)).toMatchObject({ review: 'none', rule: 'classify' });
    // Nobody has measured it: what the model says of itself is no reason.
    expect(wants(null)).toMatchObject({ review: 'now', rule: 'low-confidence' });
  });
});
