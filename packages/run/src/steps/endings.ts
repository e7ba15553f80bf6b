import type {
  Decision,
  HandoffKind,
  JsonObject,
  PortreeveError,
  PromptContract,
  RecordData,
  RecordRefs,
} from '@portreeve/contract';
import type { AskFailure, AskResult } from '@portreeve/model';
import type { Ending } from '../stop.ts';
import type { Handover } from './hand-over.ts';

export function refuses(decision: Decision): boolean {
  return decision.outcome !== 'permit' && decision.outcome !== 'notify';
}

export function refusal(decision: Decision, otherwise: string): Ending {
  const text = decision.reasons.map((reason) => reason.text).join(' ');
  return { event: 'stop', text: text || otherwise, next: decision.next };
}

/** A wrong case or query is the requester's to correct; anything else is work for a person. */
export function sourceEnding(source: string, error: PortreeveError): Ending {
  const text = `The source ${source} could not be read: ${error.detail}`;
  if (error.code === 'unknown_case' || error.code === 'bad_input') return { event: 'fail', text, next: error.next };
  return {
    event: 'hand_off',
    text,
    next: error.next,
    handoff: { kind: 'source_failed', about: source, context: { source, code: error.code, reason: error.detail } },
  };
}

/** What the workflow's code asked for stands outside its scope (requirement A3). */
export function undeclared(what: 'tool' | 'prompt', name: string, workflow: string): Ending {
  const [thing, where] = [
    `The ${what} ${JSON.stringify(name)}`,
    `scope.${what}s of the workflow ${JSON.stringify(workflow)}`,
  ];
  return {
    event: 'stop',
    text: `${thing} is missing from ${where}.`,
    next: 'Declare it there and release the workflow anew, or use a declared one.',
  };
}

export function decisionRefs(decision: Decision): RecordRefs {
  return { decision: decision.id, policy_version: decision.policy_version };
}

/** Which queue a question goes to that no model answered. */
const QUEUE_BY_FAILURE: Readonly<Record<AskFailure, HandoffKind>> = {
  refused_by_model: 'model_refused',
  unavailable: 'fallback',
  timeout: 'fallback',
  no_access: 'fallback',
  busy: 'fallback',
  budget_exhausted: 'budget_exhausted',
  truncated: 'model_failed',
  empty: 'model_failed',
  invalid_output: 'model_failed',
  rejected: 'model_failed',
  over_budget: 'model_failed',
  unexpected_stop: 'model_failed',
};

/** The model gave nothing that can be used. */
export function failed(
  prompt: string,
  endpoint: string,
  { code, reason, attempts }: Extract<AskResult, { status: 'failed' }>,
  input: JsonObject,
): Ending {
  return {
    event: 'hand_off',
    text: `The model gave no usable answer: ${reason}`,
    next: 'Write the answer by hand, or correct the cause and start a new run.',
    handoff: {
      kind: QUEUE_BY_FAILURE[code],
      about: prompt,
      context: { prompt, code, reason, attempts, input },
      tried: [`${endpoint} was asked, ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}: ${reason}`],
    },
  };
}

/** A shadow ends where a person would have to look: nobody is asked for it. */
export function nobodyAsked(prompt: string): Ending {
  return {
    event: 'stop',
    text: `A person would be asked about the answer to ${prompt}.`,
    next: 'Nothing is left to do: it is a shadow of another run.',
  };
}

/** Which queue an answer goes to by the rule that asks for a person; any other rule: `review`. */
const KIND_BY_RULE: ReadonlyMap<string, HandoffKind> = new Map([
  ['low-confidence', 'low_confidence'],
  ['off-pattern', 'off_pattern'],
]);

/** The answer is there, and a person looks at it before it is used. */
export function toReview(
  prompt: PromptContract,
  facts: RecordData<'step.judged'>,
  from: { readonly model: string | null; readonly policy_version?: string },
  material: Handover['material'],
): Handover {
  const { rule, reason, confidence_percent, calibrated_per_mille, threshold_per_mille, unsupported_claims } = facts;
  return {
    prompt,
    kind: KIND_BY_RULE.get(rule) ?? 'review',
    why: reason,
    context: {
      ...{ prompt: prompt.id, rule, confidence_percent, calibrated_per_mille, threshold_per_mille, unsupported_claims },
      ...{ ...from, prompt_version: prompt.version },
    },
    tried: ['A model answered; its answer is among the material.'],
    material,
    next: 'Compare the answer with what it was made from; then give it back as it is, or corrected.',
  };
}
