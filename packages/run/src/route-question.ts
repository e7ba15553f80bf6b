import type { Assembly, Deidentified } from '@portreeve/context';
import {
  askBoundary,
  type Boundaries,
  type Clearance,
  type Decision,
  type ENDPOINT_PLACES,
  type EnvironmentFacts,
  isPortreeveError,
  type JsonObject,
  labelData,
  type PolicyDecider,
  type PolicyRequest,
  type Principal,
  type WorkflowFacts,
} from '@portreeve/contract';
import type { Model } from '@portreeve/model';
import { isOutage } from './engine.ts';
import type { Ending } from './stop.ts';

/** A model endpoint as policy sees it, and the way to ask it. */
export interface Endpoint {
  readonly name: string;
  readonly where: (typeof ENDPOINT_PLACES)[number];
  readonly clearance: Clearance;
  readonly ask: Model;
}

type AskRequest = Extract<PolicyRequest, { kind: 'ask' }>;

export interface Judged {
  readonly endpoint: string;
  readonly deidentified: boolean;
  readonly decision: Decision;
  readonly request: AskRequest;
}

/** Where a question goes, and why not elsewhere. */
export interface Route {
  /** Null: policy lets it go nowhere. */
  readonly chosen: {
    readonly endpoint: Endpoint;
    readonly judged: Judged;
    /** The question as it is sent. */
    readonly assembly: Assembly;
    readonly hidden: Deidentified | null;
  } | null;
  /** What was decided of the endpoints before it, in order: each, or all. */
  readonly refused: readonly Judged[];
  /** Why it could not be de-identified, where it was to be. */
  readonly failure: string | null;
}

export interface Question {
  readonly assembly: Assembly;
  readonly principal: Principal;
  readonly workflow: WorkflowFacts;
  readonly environment: EnvironmentFacts;
  readonly injection: number;
  /** What the workflow has answered about its data, where it has. */
  readonly boundaries?: Boundaries | undefined;
}

/**
 * Asks policy for each endpoint in order (requirement D10); the first that may have the question gets it. Where nothing
 * but names stands against one, the question is de-identified and decided again. INVARIANT: what is chosen was permitted
 * with exactly the label that is sent.
 */
export async function routeQuestion(
  deps: {
    readonly endpoints: readonly Endpoint[];
    readonly policy: PolicyDecider;
    deidentify(assembly: Assembly): Promise<Deidentified>;
  },
  { assembly, injection, boundaries, ...facts }: Question,
): Promise<Route> {
  const refused: Judged[] = [];
  let hidden: Deidentified | null = null;
  let failure: string | null = null;
  const judge = ({ name, where, clearance }: Endpoint, asked: Assembly, deidentified: boolean): Judged => {
    const boundary = askBoundary(boundaries, where, asked.label);
    const request: AskRequest = {
      kind: 'ask',
      ...facts,
      endpoint: { name, where, clearance },
      influence: labelData(asked.label),
      deidentified,
      ...(boundary === 'none' ? {} : { boundary }),
      injection,
    };
    return { endpoint: name, deidentified, decision: deps.policy.decide(request), request };
  };
  for (const endpoint of deps.endpoints) {
    const plain = judge(endpoint, assembly, false);
    if (permits(plain.decision))
      return { chosen: { endpoint, judged: plain, assembly, hidden: null }, refused, failure };
    refused.push(plain);
    if (!wantsDeidentified(plain.decision) || failure !== null) continue;
    try {
      hidden ??= await deps.deidentify(assembly);
    } catch (error) {
      if (!isPortreeveError(error) || isOutage(error)) throw error;
      failure = error.detail;
      continue;
    }
    const judged = judge(endpoint, hidden.assembly, true);
    if (permits(judged.decision))
      return { chosen: { endpoint, judged, assembly: hidden.assembly, hidden }, refused, failure };
    refused.push(judged);
  }
  return { chosen: null, refused, failure };
}

/** A question that goes nowhere is a person's to answer, with the reasons of each endpoint. */
export function unanswered(prompt: string, { refused, failure }: Route, input: JsonObject): Ending {
  const reasons = refused.map(({ endpoint, deidentified, decision }) => ({
    endpoint,
    deidentified,
    reasons: decision.reasons.map(({ code, text }) => ({ code, text })),
    next: decision.next,
  }));
  const each = reasons.map(
    ({ endpoint, deidentified, reasons }) =>
      `${endpoint}${deidentified ? ' (de-identified)' : ''}: ${reasons.map(({ text }) => text).join(' ')}`,
  );
  if (failure !== null) each.push(`It could not be de-identified: ${failure}`);
  return {
    event: 'hand_off',
    text: `No model endpoint may have this question. ${each.join(' ')}`,
    next: 'Answer it by hand, or have an endpoint cleared for this data and start a new run.',
    handoff: { kind: 'refused', about: prompt, context: { prompt, endpoints: reasons, failure, input } },
  };
}

const permits = ({ outcome }: Decision): boolean => outcome === 'permit' || outcome === 'notify';

const wantsDeidentified = ({ outcome, remedies }: Decision): boolean =>
  outcome === 'narrow' && remedies.every(({ kind }) => kind === 'deidentify');
