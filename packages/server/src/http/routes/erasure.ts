import { HOLD_KINDS } from '@portreeve/audit';
import { idSchema } from '@portreeve/contract';
import { z } from 'zod';
import { route } from '../route.ts';
import { idParam, listLimit, nextOf } from './schemas.ts';

const reason = z.string().trim().min(1).max(2000);
const by = z.string().nullable();
const erasure = z.object({
  ...{ id: z.string(), subject: z.string(), reason: z.string(), state: z.string() },
  ...{ requested_by: z.string(), requested_at: z.string(), closed_by: by, closed_at: by },
  keys: z.number().nullable(),
});
const hold = z.object({
  ...{ id: z.string(), kind: z.enum(HOLD_KINDS), target: z.string(), reason: z.string() },
  ...{ set_by: z.string(), set_at: z.string(), lifted_by: by, lifted_at: by },
});

export const erasureRoutes = [
  route({
    method: 'GET',
    url: '/v1/audit/erasures',
    operation: 'audit.erasures',
    summary: 'Whose data was asked to be erased, and what became of that; newest first',
    records: 'read',
    query: z.strictObject({
      limit: listLimit,
      after: idSchema('erasure').optional().describe('Continue behind this one'),
    }),
    answers: { 200: z.object({ erasures: z.array(erasure), next: z.string().nullable() }) },
    handler: async ({ services, query: { limit, after = null } }) => {
      const erasures = await services.erasing.list({ limit, after });
      return { erasures, next: nextOf(erasures, limit) };
    },
  }),
  route({
    method: 'POST',
    url: '/v1/audit/erasures',
    operation: 'audit.erase',
    summary: 'Ask that the data of a person be erased; a second person confirms it',
    records: ['audit.erasure_requested'],
    body: z.strictObject({
      subject: z.string().min(1).max(200).describe('A principal (prn_…), or whom a workflow declares as its subject'),
      reason,
    }),
    answers: { 201: erasure },
    handler: ({ services, who, body }) => services.erasing.request(body.subject, body.reason, who.principal),
  }),
  route({
    method: 'POST',
    url: '/v1/audit/erasures/:id/confirm',
    fresh_proof: true,
    operation: 'audit.confirm_erasure',
    summary: 'Erase what was asked for: the keys go, and cannot be brought back',
    records: ['audit.erased'],
    params: idParam('erasure'),
    answers: { 200: erasure },
    handler: ({ services, who, params }) => services.erasing.confirm(params.id, who.principal),
  }),
  route({
    method: 'POST',
    url: '/v1/audit/erasures/:id/refuse',
    operation: 'audit.confirm_erasure',
    summary: 'Refuse an erasure, or take one\u2019s own wish back',
    records: ['audit.erasure_refused'],
    params: idParam('erasure'),
    body: z.strictObject({ reason }),
    answers: { 200: erasure },
    handler: ({ services, who, params, body }) => services.erasing.refuse(params.id, body.reason, who.principal),
  }),
  route({
    method: 'GET',
    url: '/v1/audit/holds',
    operation: 'audit.erasures',
    summary: 'Legal holds, newest first',
    records: 'read',
    query: z.strictObject({
      all: z.enum(['true', 'false']).default('false'),
      limit: listLimit,
      after: idSchema('hold').optional().describe('Continue behind this one'),
    }),
    answers: { 200: z.object({ holds: z.array(hold), next: z.string().nullable() }) },
    handler: async ({ services, query: { all, limit, after = null } }) => {
      const holds = await services.erasing.holds(all === 'true', { limit, after });
      return { holds, next: nextOf(holds, limit) };
    },
  }),
  route({
    method: 'POST',
    url: '/v1/audit/holds',
    operation: 'audit.hold',
    summary: 'Keep the data of a subject, of whom a workflow worked for, or of a purpose from being erased',
    records: ['audit.hold_set'],
    body: z.strictObject({ kind: z.enum(HOLD_KINDS), target: z.string().min(1).max(160), reason }),
    answers: { 201: hold },
    handler: ({ services, who, body }) => services.erasing.setHold(body.kind, body.target, body.reason, who.principal),
  }),
  route({
    method: 'POST',
    url: '/v1/audit/holds/:id/lift',
    fresh_proof: true,
    operation: 'audit.lift_hold',
    summary: 'Lift a legal hold',
    records: ['audit.hold_lifted'],
    params: idParam('hold'),
    body: z.strictObject({ reason }),
    answers: { 200: hold },
    handler: ({ services, who, params, body }) => services.erasing.liftHold(params.id, body.reason, who.principal),
  }),
  route({
    method: 'POST',
    url: '/v1/audit/keys/rotate',
    fresh_proof: true,
    operation: 'audit.rotate_keys',
    summary: 'Make another root key and wrap every subject key with it; payloads are not touched',
    records: ['audit.keys_rewrapped'],
    answers: { 200: z.object({ root: z.string(), keys: z.number() }) },
    handler: ({ services, who }) => services.erasing.root.rotate(who.principal),
  }),
];
