import { type Decision, fieldErrors } from '@portreeve/contract';
import type { Services } from '../../services.ts';
import { type Answer, type Evaluation, evaluationSchema, type Semantic } from './messages.ts';
import { isOfType, type NotAsked, toPolicyRequest } from './to-request.ts';

export interface Evaluated {
  readonly answer: Answer;
  /** What goes on record of it. `null` for one that could not be read. */
  readonly about: Pick<Evaluation, 'subject' | 'action' | 'resource'> | null;
  readonly request_digest: string | null;
}

type House = Pick<Services, 'identity' | 'policy' | 'workflows' | 'environment'>;

/** One evaluation. It judges and grants nothing: what the gate lets through is decided there, anew. */
export async function evaluate(house: House, evaluation: Evaluation): Promise<Evaluated> {
  const { subject, action, resource } = evaluation;
  const about = { subject, action, resource };
  const found = await house.identity.subject(subject.id);
  const request =
    found && isOfType(found, subject.type) ? toPolicyRequest(house, found, evaluation) : unknownSubject(subject);
  if ('status' in request) return { answer: notAsked(request), about, request_digest: null };
  const decision = house.policy.decide(request);
  return { answer: answerOf(decision), about, request_digest: decision.request_digest };
}

/** Evaluations in their order, ended early where the semantic says so. */
export async function evaluateAll(
  house: House,
  evaluations: readonly unknown[],
  semantic: Semantic,
): Promise<Evaluated[]> {
  const answered: Evaluated[] = [];
  for (const each of evaluations) {
    const parsed = evaluationSchema.safeParse(each);
    const evaluated = parsed.success ? await evaluate(house, parsed.data) : malformed(parsed.error);
    answered.push(evaluated);
    const { decision } = evaluated.answer;
    if (semantic === 'deny_on_first_deny' && !decision) break;
    if (semantic === 'permit_on_first_permit' && decision) break;
  }
  return answered;
}

/** Only what would go on by itself is a yes: who gets `approve` or `narrow` must not act before that is done. */
function answerOf({ id, outcome, reasons, next }: Decision): Answer {
  return {
    decision: outcome === 'permit' || outcome === 'notify',
    context: {
      id,
      outcome,
      reasons: reasons.map(({ layer, rule, code, text }) => ({ layer, rule, code, text })),
      next,
    },
  };
}

function notAsked({ status, code, text, next }: NotAsked): Answer {
  return {
    decision: false,
    context: {
      id: null,
      outcome: 'refuse',
      reasons: [{ layer: null, rule: null, code, text }],
      next,
      error: { status, message: text },
    },
  };
}

const unknownSubject = ({ type, id }: Evaluation['subject']): NotAsked => ({
  status: 404,
  code: 'unknown_subject',
  text: `No ${JSON.stringify(type.slice(0, 64))} ${JSON.stringify(id.slice(0, 128))} is known here, or it may not be used.`,
  next: 'Name an account by its id or name, with the type user, service or agent.',
});

function malformed(error: Parameters<typeof fieldErrors>[0]): Evaluated {
  const [first] = fieldErrors(error);
  const text = `This evaluation is malformed: ${first?.path}: ${first?.message}`.slice(0, 400);
  const next = 'Each evaluation needs subject, action and resource, its own or those of the request.';
  const context = {
    id: null,
    outcome: 'refuse' as const,
    reasons: [{ layer: null, rule: null, code: 'malformed', text }],
    next,
    error: { status: 400, message: text },
  };
  return { answer: { decision: false, context }, about: null, request_digest: null };
}
