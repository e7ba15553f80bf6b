import { HANDOFF_STATES, handoffSchema, idSchema, jsonSchema, PortreeveError } from '@portreeve/contract';
import { z } from 'zod';
import { route } from '../route.ts';
import { idParam, listLimit } from './schemas.ts';

export const queueRoutes = [
  route({
    method: 'GET',
    url: '/v1/queue',
    operation: 'queue.read',
    summary: 'Work that waits for a person, oldest first',
    records: 'read',
    query: z.strictObject({
      state: z.enum(HANDOFF_STATES).default('open'),
      run: idSchema('run').optional(),
      limit: listLimit,
      after: idSchema('handoff').optional(),
    }),
    answers: { 200: z.object({ handoffs: z.array(handoffSchema), next: z.string().nullable() }) },
    handler: async ({ services, query }) => {
      const { state, run, limit, after } = query;
      const handoffs = await services.handoffs.list({
        state,
        limit,
        ...(run ? { run } : {}),
        ...(after ? { after } : {}),
      });
      return { handoffs, next: handoffs.length === limit ? (handoffs.at(-1)?.id ?? null) : null };
    },
  }),
  route({
    method: 'GET',
    url: '/v1/queue/:id',
    operation: 'queue.read',
    summary: 'One hand-off with its context',
    records: 'read',
    params: idParam('handoff'),
    answers: { 200: handoffSchema },
    handler: async ({ services, params }) => {
      const handoff = await services.handoffs.get(params.id);
      if (!handoff) throw new PortreeveError('not_found', `There is no hand-off ${params.id}.`);
      return handoff;
    },
  }),
  route({
    method: 'POST',
    url: '/v1/queue/:id/close',
    operation: 'queue.close',
    summary: 'Say that a hand-off is finished, and how; of an unknown outcome also what was found',
    records: ['handoff.closed', 'settlement.ended'],
    params: idParam('handoff'),
    body: z.strictObject({
      note: z.string().trim().min(1).max(4000),
      found: z
        .strictObject({
          came: z.enum(['happened', 'did_not_happen']),
          result: jsonSchema.optional().describe('What the tool would have answered, as far as it is known'),
        })
        .optional()
        .describe('Of an unknown outcome: it counts as succeeded or failed from then on'),
    }),
    answers: { 200: handoffSchema },
    handler: ({ services, who, params, body: { note, found } }) => {
      if (!found) return services.handoffs.close(params.id, note, who.principal);
      const { came, result } = found;
      return services.learn(params.id, { came, ...(result === undefined ? {} : { result }) }, note, who.principal);
    },
  }),
];
