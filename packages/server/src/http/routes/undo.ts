import { idSchema, PortreeveError, type Principal, UNDO_STATES, UNWIND_STATES } from '@portreeve/contract';
import type { StoredProposal } from '@portreeve/gate';
import { z } from 'zod';
import type { Services } from '../../services.ts';
import { route } from '../route.ts';
import { seesPrincipal } from '../visible.ts';
import { visibleRun } from './runs.ts';
import { idParam } from './schemas.ts';

const undoSchema = z.object({
  proposal: idSchema('proposal'),
  execution: idSchema('execution'),
  tool: z.string(),
  state: z.enum(UNDO_STATES),
  by_proposal: idSchema('proposal').nullable().describe('The proposal that undoes it'),
  approval: idSchema('approval').nullable().describe('Where people are asked'),
  asked_by: z.string().nullable(),
  reason: z.string().nullable(),
  why: z.string().nullable().describe('Why it is not undone, or cannot be'),
  handoff: idSchema('handoff').nullable(),
  until: z.string().nullable().describe('Until when one may ask'),
});

const unwindingSchema = z.object({
  run: idSchema('run'),
  state: z.enum(UNWIND_STATES),
  reason: z.string().nullable(),
  ahead: z.array(idSchema('proposal')).describe('What is still to be undone, latest first'),
  undone: z.array(idSchema('proposal')),
  left: z.array(
    z.object({
      proposal: idSchema('proposal'),
      execution: idSchema('execution').nullable(),
      tool: z.string(),
      why: z.string(),
    }),
  ),
  handoff: idSchema('handoff').nullable(),
});

const body = z.strictObject({ reason: z.string().trim().min(1).max(1000) });

export const undoRoutes = [
  route({
    method: 'POST',
    url: '/v1/executions/:id/undo',
    operation: 'executions.undo',
    summary: 'Ask that what an execution did be taken back; the undo is decided like any other action',
    records: ['undo.requested', 'undo.ended', 'undo.refused'],
    params: idParam('execution'),
    body,
    answers: { 201: undoSchema },
    handler: async ({ services, who, params, body: { reason } }) => {
      const stored = await visibleExecution(services, who.principal, params.id);
      return services.undos.request(stored, { by: who.principal, reason });
    },
  }),
  route({
    method: 'GET',
    url: '/v1/executions/:id/undo',
    operation: 'executions.read',
    summary: 'Whether an execution can be undone, and where its undo stands',
    records: 'read',
    params: idParam('execution'),
    answers: { 200: undoSchema },
    handler: async ({ services, who, params }) =>
      services.undos.view(await visibleExecution(services, who.principal, params.id)),
  }),
  route({
    method: 'POST',
    url: '/v1/runs/:id/undo',
    operation: 'executions.undo',
    summary: 'Ask that all that a run did be taken back, latest first',
    records: ['unwinding.begun', 'unwinding.ended'],
    params: idParam('run'),
    body,
    answers: { 201: unwindingSchema },
    handler: async ({ services, who, params, body: { reason } }) => {
      await visibleRun(services, who.principal, params.id);
      return services.unwindings.begin(params.id, { by: who.principal, reason });
    },
  }),
  route({
    method: 'GET',
    url: '/v1/runs/:id/undo',
    operation: 'executions.read',
    summary: 'Where the unwinding of a run stands',
    records: 'read',
    params: idParam('run'),
    answers: { 200: unwindingSchema },
    handler: async ({ services, who, params }) => {
      await visibleRun(services, who.principal, params.id);
      const none = { run: params.id, state: 'none', reason: null, ahead: [], undone: [], left: [], handoff: null };
      return (await services.unwindings.get(params.id)) ?? none;
    },
  }),
];

/** What one may not see is not there. */
async function visibleExecution(
  services: Services,
  principal: Principal,
  id: Parameters<Services['undos']['find']>[0],
): Promise<StoredProposal> {
  const stored = await services.undos.find(id);
  if (!seesPrincipal(principal, stored.proposal.principal))
    throw new PortreeveError('not_found', `There is no execution ${id}.`);
  return stored;
}
