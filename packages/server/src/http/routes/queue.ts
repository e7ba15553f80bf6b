import {
  HANDOFF_KINDS,
  HANDOFF_STATES,
  type Handoff,
  idSchema,
  jsonSchema,
  orderNames,
  orderOf,
  PortreeveError,
  type Principal,
} from '@portreeve/contract';
import { z } from 'zod';
import type { Services } from '../../services.ts';
import { route } from '../route.ts';
import { handoffView, viewHandoff } from '../views/handoff.ts';
import { idParam, listLimit, nextOf } from './schemas.ts';

const note = z.string().trim().min(1).max(4000);

/** As whoever asks may see it. */
function shown(services: Services, handoff: Handoff, who: Principal) {
  const workflow = services.workflows.find(({ definition }) => definition.contract.name === handoff.workflow);
  return viewHandoff(handoff, who, workflow?.definition.contract.clearances ?? {}, services.clock.now());
}

export const queueRoutes = [
  route({
    method: 'GET',
    url: '/v1/queue',
    operation: 'queue.read',
    summary: 'Work that waits for a person, in the order of its beginning, of when it is due, or of its kind',
    records: 'read',
    query: z.strictObject({
      state: z.enum([...HANDOFF_STATES, 'unfinished']).default('unfinished'),
      kind: z.enum(HANDOFF_KINDS).optional(),
      run: idSchema('run').optional(),
      group: z.string().min(1).max(128).optional(),
      mine: z.stringbool().default(false).describe('Only what the caller has taken or was given'),
      sort: z.enum(orderNames(['since', 'due', 'kind'])).default('since'),
      limit: listLimit,
      after: idSchema('handoff').optional().describe('Continue behind this one, in that order'),
    }),
    answers: { 200: z.object({ handoffs: z.array(handoffView), next: z.string().nullable() }) },
    handler: async ({ services, who, query }) => {
      const { state, kind, run, group, mine, sort, limit, after } = query;
      const handoffs = await services.handoffs.list({
        states: state === 'unfinished' ? ['open', 'taken'] : [state],
        limit,
        order: orderOf(sort, { since: 'id', due: 'due_at', kind: 'kind' }),
        ...(kind ? { kind } : {}),
        ...(run ? { run } : {}),
        ...(group ? { group } : {}),
        ...(mine ? { assignee: who.principal.id } : {}),
        ...(after ? { after } : {}),
      });
      return {
        handoffs: handoffs.map((each) => shown(services, each, who.principal)),
        next: nextOf(handoffs, limit),
      };
    },
  }),
  route({
    method: 'GET',
    url: '/v1/queue/:id',
    operation: 'queue.read',
    summary: 'One hand-off with its context, as far as the caller is cleared for it',
    records: 'read',
    params: idParam('handoff'),
    answers: { 200: handoffView },
    handler: async ({ services, who, params }) => {
      const handoff = await services.handoffs.get(params.id);
      if (!handoff) throw new PortreeveError('not_found', `There is no hand-off ${params.id}.`);
      return shown(services, handoff, who.principal);
    },
  }),
  route({
    method: 'POST',
    url: '/v1/queue/:id/take',
    operation: 'queue.take',
    summary: 'Take a hand-off: nobody else works on it then',
    records: ['handoff.assigned'],
    params: idParam('handoff'),
    answers: { 200: handoffView },
    handler: async ({ services, who, params }) =>
      shown(services, await services.handoffs.take(params.id, who.principal), who.principal),
  }),
  route({
    method: 'POST',
    url: '/v1/queue/:id/assign',
    operation: 'queue.assign',
    summary: 'Give a hand-off to somebody, whoever had it',
    records: ['handoff.assigned'],
    params: idParam('handoff'),
    body: z.strictObject({ to: idSchema('principal') }),
    answers: { 200: handoffView },
    handler: async ({ services, who, params, body }) =>
      shown(services, await services.handoffs.assign(params.id, body.to, who.principal), who.principal),
  }),
  route({
    method: 'POST',
    url: '/v1/queue/:id/escalate',
    operation: 'queue.escalate',
    summary: 'Send a hand-off up before its time is over',
    records: ['handoff.escalated'],
    params: idParam('handoff'),
    body: z.strictObject({ reason: z.string().trim().min(1).max(1000) }),
    answers: { 200: handoffView },
    handler: async ({ services, who, params, body }) =>
      shown(services, await services.handoffs.escalate(params.id, body.reason, who.principal), who.principal),
  }),
  route({
    method: 'POST',
    url: '/v1/queue/:id/finish',
    operation: 'queue.finish',
    summary: 'Say that a hand-off is finished, and how; where a run waits, give it the result',
    records: ['handoff.closed', 'settlement.ended'],
    params: idParam('handoff'),
    body: z
      .strictObject({
        note,
        result: jsonSchema.optional().describe('What the run waits for: a trusted value of whoever gives it'),
        declined: z.literal(true).optional().describe('There is no result: the run that waits ends'),
        found: z
          .strictObject({
            came: z.enum(['happened', 'did_not_happen']),
            result: jsonSchema.optional().describe('What the tool would have answered, as far as it is known'),
          })
          .optional()
          .describe('Of an unknown outcome: it counts as succeeded or failed from then on'),
      })
      .refine((body) => [body.result, body.declined, body.found].filter((each) => each !== undefined).length <= 1, {
        message: 'give one of result, declined and found',
      }),
    answers: { 200: handoffView },
    handler: async ({ services, who, params, body }) => {
      const { found, result, declined } = body;
      if (found) {
        const finding = { came: found.came, ...(found.result === undefined ? {} : { result: found.result }) };
        return shown(services, await services.learn(params.id, finding, body.note, who.principal), who.principal);
      }
      const given = declined ? { declined } : result === undefined ? null : { value: result };
      const done = await services.handoffs.finish(params.id, { note: body.note, result: given }, who.principal);
      return shown(services, done, who.principal);
    },
  }),
];
