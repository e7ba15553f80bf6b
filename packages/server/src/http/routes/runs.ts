import {
  attachmentSchema,
  idSchema,
  jsonObjectSchema,
  nameSchema,
  PortreeveError,
  type Principal,
  RUN_STATES,
  type Run,
  runSchema,
} from '@portreeve/contract';
import { z } from 'zod';
import type { Services } from '../../services.ts';
import { route } from '../route.ts';
import { streamRun } from '../run-events.ts';
import { workflowAnswer, workflowView } from '../views/workflow.ts';
import { requesterOnly, seesRun } from '../visible.ts';
import { idParam, listLimit, nextOf } from './schemas.ts';

const amount = { tokens: z.int(), micros: z.int().describe('Millionths of the currency’s unit') };
/** What a run's questions to models have cost so far, and what is kept back for those under way. */
const costOfRun = z.object({ ...amount, reserved: z.object(amount), currency: z.string() });

export const runRoutes = [
  route({
    method: 'GET',
    url: '/v1/workflows',
    operation: 'workflows.list',
    summary: 'The workflows that are loaded, with scope, owners, input and acceptable use',
    records: 'read',
    answers: { 200: z.object({ workflows: z.array(workflowAnswer) }) },
    handler: async ({ services }) => ({
      workflows: services.workflows.map(workflowView),
    }),
  }),
  route({
    method: 'POST',
    url: '/v1/runs',
    operation: 'runs.submit',
    summary: 'Ask a workflow to run. With an `Idempotency-Key` the same task again gives the same run',
    records: ['run.submitted', 'run.admitted', 'run.refused'],
    takes_key: true,
    bodyLimit: 16 * 1024 * 1024,
    body: z.strictObject({
      workflow: nameSchema,
      input: jsonObjectSchema,
      attachments: z.array(attachmentSchema).max(8).default([]),
    }),
    answers: { 201: runSchema },
    handler: async ({ services, who, body, key, request }) => {
      const task = { ...body, tools: who.tools, ...(key === undefined ? {} : { idempotency_key: key }) };
      const from = services.clock.now();
      const run = await services.submit(task, who.principal);
      services.tracing.entered({ run: run.id }, from, request.headers.traceparent);
      return run;
    },
  }),
  route({
    method: 'GET',
    url: '/v1/runs',
    operation: 'runs.read',
    summary: 'Runs, newest first',
    records: 'read',
    query: z.strictObject({
      state: z.enum(RUN_STATES).optional(),
      workflow: nameSchema.optional(),
      limit: listLimit,
      order: z.enum(['newest', 'oldest']).default('newest'),
      before: idSchema('run').optional().describe('Continue behind this one, in that order'),
    }),
    answers: { 200: z.object({ runs: z.array(runSchema), next: z.string().nullable() }) },
    handler: async ({ services, who, query }) => {
      const { state, workflow, limit, order, before } = query;
      const requester = requesterOnly(who.principal);
      const runs = await services.runs.list({
        ...{ limit, order },
        ...(state ? { state } : {}),
        ...(workflow ? { workflow } : {}),
        ...(before ? { before } : {}),
        ...(requester === null ? {} : { requester, without_shadows: true as const }),
      });
      return { runs, next: nextOf(runs, limit) };
    },
  }),
  route({
    method: 'GET',
    url: '/v1/runs/:id',
    operation: 'runs.read',
    summary: 'One run',
    records: 'read',
    params: idParam('run'),
    answers: { 200: runSchema.extend({ cost: costOfRun.nullable() }) },
    handler: async ({ services, who, params }) => {
      const run = await visibleRun(services, who.principal, params.id);
      const use = await services.spending.ofRun(run.id);
      const { currency } = services.info;
      return { ...run, cost: use && { tokens: use.tokens, micros: use.micros, reserved: use.reserved, currency } };
    },
  }),
  route({
    method: 'GET',
    url: '/v1/runs/:id/events',
    operation: 'runs.read',
    summary: 'The records of one run as they are written (server-sent events); ends with the run',
    records: 'read',
    params: idParam('run'),
    query: z.strictObject({ after: z.coerce.number().int().min(-1).default(-1) }),
    answers: {},
    stream: 'text/event-stream',
    handler: async ({ services, who, params, query, request, reply }) => {
      const run = await visibleRun(services, who.principal, params.id);
      await streamRun(services, run, query.after, request, reply);
    },
  }),
];

/** What one may not see is not there. */
export async function visibleRun(services: Services, principal: Principal, id: Run['id']): Promise<Run> {
  const run = await services.runs.get(id);
  if (!run || !seesRun(principal, run)) throw new PortreeveError('not_found', `There is no run ${id}.`);
  return run;
}
