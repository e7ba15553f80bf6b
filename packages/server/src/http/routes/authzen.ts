import { actorOf, draft, fieldErrors, PortreeveError } from '@portreeve/contract';
import { type Evaluated, evaluate, evaluateAll } from '../authzen/evaluate.ts';
import {
  answerSchema,
  answersSchema,
  evaluationSchema,
  evaluationsSchema,
  metadataSchema,
  type Semantic,
} from '../authzen/messages.ts';
import { type Call, route } from '../route.ts';

/** Of all evaluations of one request together. */
const BODY_MAX = 512 * 1024;

const NO_GRANT = 'It is an answer and no grant: an action is decided anew at the gate.';

/** Written before the answer is shown. Arguments and properties are not recorded: the digest of the request is. */
async function record(
  { services, who, request }: Pick<Call<unknown, unknown, unknown>, 'services' | 'who' | 'request'>,
  evaluated: readonly Evaluated[],
  semantic: Semantic | null,
): Promise<void> {
  const id = request.headers['x-request-id'];
  await services.audit.record([
    draft({
      type: 'authzen.evaluated',
      actor: actorOf(who.principal),
      refs: { policy_version: services.policy.version },
      outcome: evaluated.every(({ answer }) => answer.decision) ? 'permit' : 'refuse',
      data: {
        semantic,
        request_id: typeof id === 'string' ? id.slice(0, 256) : null,
        evaluations: evaluated.map(({ answer, about, request_digest }) => ({
          subject: about && { type: about.subject.type, id: about.subject.id },
          action: about?.action.name ?? null,
          resource: about && { type: about.resource.type, id: about.resource.id },
          decision: answer.decision,
          outcome: answer.context.outcome,
          decision_id: answer.context.id,
          codes: [...new Set(answer.context.reasons.map(({ code }) => code))],
          request_digest,
        })),
      },
    }),
  ]);
}

export const authzenRoutes = [
  route({
    method: 'POST',
    url: '/access/v1/evaluation',
    operation: 'authzen.evaluate',
    summary: `Whether somebody may do something (AuthZEN 1.0). ${NO_GRANT}`,
    records: ['authzen.evaluated'],
    bodyLimit: BODY_MAX,
    body: evaluationSchema,
    answers: { 200: answerSchema },
    handler: async (call) => {
      const evaluated = await evaluate(call.services, call.body);
      await record(call, [evaluated], null);
      return evaluated.answer;
    },
  }),
  route({
    method: 'POST',
    url: '/access/v1/evaluations',
    operation: 'authzen.evaluate',
    summary: `Several evaluations at once (AuthZEN 1.0). ${NO_GRANT}`,
    records: ['authzen.evaluated'],
    bodyLimit: BODY_MAX,
    body: evaluationsSchema,
    answers: { 200: answersSchema },
    handler: async (call) => {
      const { evaluations = [], options, ...given } = call.body;
      if (evaluations.length === 0) {
        const single = evaluationSchema.safeParse(given);
        if (!single.success)
          throw new PortreeveError('bad_request', 'Without evaluations the request must be one itself.', {
            errors: fieldErrors(single.error),
          });
        const evaluated = await evaluate(call.services, single.data);
        await record(call, [evaluated], null);
        return evaluated.answer;
      }
      const semantic = options?.evaluations_semantic ?? 'execute_all';
      const defaults = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
      const evaluated = await evaluateAll(
        call.services,
        evaluations.map((each) => ({ ...defaults, ...each })),
        semantic,
      );
      await record(call, evaluated, semantic);
      return { evaluations: evaluated.map(({ answer }) => answer) };
    },
  }),
  route({
    method: 'GET',
    url: '/.well-known/authzen-configuration',
    operation: 'public',
    summary: 'Where the policy decision point answers (AuthZEN 1.0, metadata)',
    records: 'none',
    answers: { 200: metadataSchema },
    handler: async ({ services, reply }) => {
      const base = services.web.origin;
      reply.header('cache-control', 'public, max-age=3600');
      return {
        policy_decision_point: base,
        access_evaluation_endpoint: `${base}/access/v1/evaluation`,
        access_evaluations_endpoint: `${base}/access/v1/evaluations`,
      };
    },
  }),
];
