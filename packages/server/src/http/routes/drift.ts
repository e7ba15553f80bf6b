import { nameSchema, PortreeveError } from '@portreeve/contract';
import { FALSE_ALARMS, METRICS } from '@portreeve/govern';
import { z } from 'zod';
import { route } from '../route.ts';

const metric = z.enum(Object.keys(METRICS) as [keyof typeof METRICS]);
const change = z.object({
  kind: z.enum(['release', 'model', 'prompt', 'policy']),
  about: z.string().nullable().describe('The prompt, of a model or a prompt'),
  from: z.string(),
  to: z.string(),
  index: z.number(),
  time: z.string(),
});
const shift = z.object({
  value: z.string().describe('The kind of value whose share moved; of a size `below N`, by its classes'),
  before_per_mille: z.number(),
  after_per_mille: z.number(),
  after_count: z.number().describe('Observations until it was found'),
  at: z.object({ index: z.number(), time: z.string() }),
});
const comparison = z.object({
  metric,
  step: z.string().nullable(),
  by: z.enum(['change', 'time']).describe('With what was before a change, or with how it began'),
  reference_count: z.number(),
  recent_count: z.number(),
  shift: shift.nullable(),
});

export const driftRoutes = [
  route({
    method: 'GET',
    url: '/v1/workflows/:name/drift',
    operation: 'metrics.read',
    summary: 'Whether what a workflow does has shifted, after each change and over time',
    records: 'read',
    params: z.strictObject({ name: nameSchema }),
    answers: {
      200: z.object({
        workflow: z.string(),
        from: z.number().nullable().describe('The first record that was looked at'),
        whole: z.boolean().describe('Whether that is all there is'),
        false_alarms_per_mille: z.number().describe('The chance of any false alarm in one stretch, at the most'),
        stretches: z.array(z.object({ began_with: z.array(change), comparisons: z.array(comparison) })),
        alarms: z.array(comparison.extend({ shift, nearest: change.nullable() })),
      }),
    },
    handler: async ({ services, who, params }) => {
      const workflows = services.auditScope(who.principal);
      if (workflows !== null && !workflows.includes(params.name))
        throw new PortreeveError('not_found', `There is no workflow ${params.name}.`);
      return { false_alarms_per_mille: Math.round(1000 * FALSE_ALARMS), ...(await services.drift.of(params.name)) };
    },
  }),
];
