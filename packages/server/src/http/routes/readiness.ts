import { digestSchema, ENVIRONMENTS, nameSchema, PortreeveError } from '@portreeve/contract';
import { z } from 'zod';
import { route } from '../route.ts';

const item = z.object({
  id: z.string(),
  requirement: z.string().describe('The row of the requirements that it is about'),
  title: z.string(),
  state: z.enum(['pass', 'fail', 'not_applicable']),
  reason: z.string(),
  fix: z
    .object({
      file: z.string().nullable().describe('Relative to the workflow’s folder; null where nothing is written'),
      write: z.string().describe('What to write, or what to do'),
    })
    .nullable(),
});

export const readinessRoutes = [
  route({
    method: 'GET',
    url: '/v1/workflows/:name/readiness',
    operation: 'workflows.readiness',
    summary: 'Whether a workflow may go live, item by item, each that fails with its fix',
    records: 'read',
    params: z.strictObject({ name: nameSchema }),
    answers: {
      200: z.object({
        workflow: z.string(),
        release: digestSchema,
        environment: z.enum(ENVIRONMENTS),
        ready: z
          .boolean()
          .describe('In production a workflow that is not takes no task; `changes` alone stops only promotions'),
        items: z.array(item),
      }),
    },
    handler: async ({ services, who, params }) => {
      const workflows = services.auditScope(who.principal);
      if (workflows !== null && !workflows.includes(params.name))
        throw new PortreeveError('not_found', `There is no workflow ${params.name}.`);
      const { items, ...readiness } = await services.readiness.of(params.name);
      return { ...readiness, items: items.map((each) => ({ ...each })) };
    },
  }),
];
