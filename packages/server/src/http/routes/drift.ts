import { nameSchema, PortreeveError, type Principal } from '@portreeve/contract';
import { FALSE_ALARMS, METRICS } from '@portreeve/govern';
import { z } from 'zod';
import type { Services } from '../../services.ts';
import { route } from '../route.ts';
import { liveFigure } from './schemas.ts';

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
        log: z.string().describe('The name of the log that every index is one of'),
        from: z.number().nullable().describe('The first record that was looked at'),
        whole: z.boolean().describe('Whether that is all there is'),
        false_alarms_per_mille: z.number().describe('The chance of any false alarm in one stretch, at the most'),
        stretches: z.array(z.object({ began_with: z.array(change), comparisons: z.array(comparison) })),
        alarms: z.array(comparison.extend({ shift, nearest: change.nullable() })),
      }),
    },
    handler: async ({ services, who, params }) => {
      assertInScope(services, who.principal, params.name);
      return { false_alarms_per_mille: Math.round(1000 * FALSE_ALARMS), ...(await services.drift.of(params.name)) };
    },
  }),
  route({
    method: 'GET',
    url: '/v1/workflows/:name/thresholds',
    operation: 'metrics.read',
    summary: 'What the thresholds of a workflow come to while it runs; one that is missed suspends it',
    records: 'read',
    params: z.strictObject({ name: nameSchema }),
    answers: {
      200: z.object({
        workflow: z.string(),
        release: z.string(),
        since: z.string().describe('From when on records are judged'),
        figures: z.array(liveFigure),
      }),
    },
    handler: async ({ services, who, params }) => {
      assertInScope(services, who.principal, params.name);
      return services.thresholds.of(params.name);
    },
  }),
];

/** Whose records one may not read, of that one knows nothing either. */
function assertInScope({ auditScope }: Services, who: Principal, workflow: string): void {
  const workflows = auditScope(who);
  if (workflows !== null && !workflows.includes(workflow))
    throw new PortreeveError('not_found', `There is no workflow ${workflow}.`);
}
