import { HANDOFF_STATES, handoffSchema, idSchema, PortreeveError } from '@portreeve/contract';
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
    summary: 'Say that a hand-off is finished, and how',
    records: ['handoff.closed'],
    params: idParam('handoff'),
    body: z.strictObject({ note: z.string().trim().min(1).max(4000) }),
    answers: { 200: handoffSchema },
    handler: ({ services, who, params, body }) => services.handoffs.close(params.id, body.note, who.principal),
  }),
];
