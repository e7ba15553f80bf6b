import { REVEAL_STATES } from '@portreeve/audit';
import { idSchema } from '@portreeve/contract';
import { z } from 'zod';
import { route } from '../route.ts';
import { idParam, listLimit, nextOf } from './schemas.ts';

const reason = z.string().trim().min(1).max(2000);
const reveal = z.object({
  ...{ id: z.string(), mark: z.string(), run: z.string().nullable(), reason: z.string() },
  ...{ state: z.enum(REVEAL_STATES), requested_by: z.string(), requested_at: z.string() },
  ...{ decided_by: z.string().nullable(), decided_at: z.string().nullable(), until: z.string() },
});
const shown = reveal.extend({
  value: z.string().nullable().describe('What stands behind the mark; null while it waits for a second person'),
});

export const revealRoutes = [
  route({
    method: 'GET',
    url: '/v1/audit/reveals',
    operation: 'audit.reveals',
    summary: 'Who wished to see the value behind which mark, why, and what became of that; newest first',
    records: 'read',
    query: z.strictObject({
      limit: listLimit,
      after: idSchema('reveal').optional().describe('Continue behind this one'),
    }),
    answers: { 200: z.object({ reveals: z.array(reveal), next: z.string().nullable() }) },
    handler: async ({ services, query: { limit, after = null } }) => {
      const reveals = await services.reveals.list({ limit, after });
      return { reveals, next: nextOf(reveals, limit) };
    },
  }),
  route({
    method: 'POST',
    url: '/v1/audit/reveals',
    operation: 'audit.reveal',
    summary: 'Ask for the personal value behind a mark of the record; secrets are never shown',
    records: ['audit.reveal_requested'],
    body: z.strictObject({
      mark: z.string().min(1).max(64).describe('As it stands in the record; the brackets may be left out'),
      run: idSchema('run')
        .nullable()
        .default(null)
        .describe('The run in whose data to look; else where the mark stands'),
      reason,
    }),
    answers: { 201: shown },
    handler: ({ services, who, body }) =>
      services.reveals.request(body, who.principal, services.auditScope(who.principal)),
  }),
  route({
    method: 'POST',
    url: '/v1/audit/reveals/:id/show',
    operation: 'audit.reveal',
    summary: 'See, once, what another person has allowed',
    records: ['audit.revealed'],
    params: idParam('reveal'),
    answers: { 200: shown },
    handler: ({ services, who, params }) =>
      services.reveals.show(params.id, who.principal, services.auditScope(who.principal)),
  }),
  route({
    method: 'POST',
    url: '/v1/audit/reveals/:id/allow',
    operation: 'audit.allow_reveal',
    summary: 'Let who asked see the value, for a quarter of an hour and once',
    records: ['audit.reveal_decided'],
    params: idParam('reveal'),
    answers: { 200: reveal },
    handler: ({ services, who, params }) => services.reveals.allow(params.id, who.principal),
  }),
  route({
    method: 'POST',
    url: '/v1/audit/reveals/:id/refuse',
    operation: 'audit.allow_reveal',
    summary: 'Refuse that a value is shown, also after it was allowed',
    records: ['audit.reveal_decided'],
    params: idParam('reveal'),
    body: z.strictObject({ reason }),
    answers: { 200: reveal },
    handler: ({ services, who, params, body }) => services.reveals.refuse(params.id, body.reason, who.principal),
  }),
];
