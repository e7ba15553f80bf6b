import {
  calibrated,
  capacityBits,
  judgeReview,
  type PromptContract,
  type RecordData,
  type ReviewVerdict,
  type StepFacts,
} from '@portreeve/contract';
import type { AskResult } from '@portreeve/model';
import type { LoadedWorkflow } from '../ports.ts';

/** What the review rules look at of one prompt of a workflow, before there is an answer. */
export function stepFacts(prompt: PromptContract, { definition }: Pick<LoadedWorkflow, 'definition'>): StepFacts {
  return {
    step: prompt.step,
    final: prompt.final,
    audience: prompt.audience,
    closed: capacityBits(prompt.output) !== null,
    tier: definition.contract.tier,
    unsupported: 0,
    off_pattern: false,
  };
}

/** When a person looks at an answer (requirement A4), and what is recorded of that. */
export function judgeStep(
  prompt: PromptContract,
  loaded: LoadedWorkflow,
  answer: Pick<Extract<AskResult, { status: 'valid' }>, 'claims' | 'confidence_percent' | 'off_pattern'>,
): { readonly verdict: ReviewVerdict; readonly facts: RecordData<'step.judged'> } {
  const wished = loaded.definition.contract.steps[prompt.id] ?? {};
  const table = loaded.calibrations.get(prompt.id);
  const { confidence_percent, off_pattern } = answer;
  const confidence = {
    calibrated_per_mille: table && confidence_percent !== null ? calibrated(table, confidence_percent) : null,
    threshold_per_mille: wished.confidence_min_per_mille ?? null,
  };
  const unsupported = answer.claims?.unsupported ?? 0;
  const verdict = judgeReview({ ...stepFacts(prompt, loaded), unsupported, off_pattern }, wished.review, confidence);
  return {
    verdict,
    facts: {
      ...{ prompt: prompt.id, step: prompt.step, ...verdict, ...confidence, confidence_percent },
      unsupported_claims: unsupported,
      ...(off_pattern ? { off_pattern } : {}),
    },
  };
}
