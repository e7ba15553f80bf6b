import {
  actorOf,
  clearanceSchema,
  ENVIRONMENTS,
  idSchema,
  orderNames,
  orderOf,
  PortreeveError,
  ROLES,
} from '@portreeve/contract';
import { AGENT_STATES, agentChangeSchema, newAgentSchema } from '@portreeve/identity';
import { z } from 'zod';
import { route } from '../route.ts';
import { idParam, listLimit, nextOf } from './schemas.ts';

const agentSchema = z.object({
  id: idSchema('principal'),
  name: z.string(),
  owner: idSchema('principal'),
  purpose: z.string(),
  roles: z.array(z.enum(ROLES)),
  groups: z.array(z.string()),
  tools: z.array(z.string()),
  data: clearanceSchema,
  environment: z.enum(ENVIRONMENTS),
  state: z.enum(AGENT_STATES),
  review_by: z.string(),
  created_at: z.string(),
  changed_at: z.string(),
});

export const agentRoutes = [
  route({
    method: 'GET',
    url: '/v1/agents',
    operation: 'agents.read',
    summary: 'Registered agents, by id, by state or by the day of their review',
    records: 'read',
    query: z.strictObject({
      sort: z.enum(orderNames(['id', 'state', 'review'])).default('id'),
      limit: listLimit,
      after: idSchema('principal').optional().describe('Continue behind this one, in that order'),
    }),
    answers: { 200: z.object({ agents: z.array(agentSchema), next: z.string().nullable() }) },
    handler: async ({ services, query }) => {
      const agents = await services.identity.agents({
        ...{ limit: query.limit, after: query.after ?? null },
        order: orderOf(query.sort, { id: 'id', state: 'state', review: 'review_by' }),
      });
      return { agents, next: nextOf(agents, query.limit) };
    },
  }),
  route({
    method: 'POST',
    url: '/v1/agents',
    fresh_proof: true,
    operation: 'agents.register',
    summary: 'Register an agent. It is proposed, and can do nothing until it is activated',
    records: ['identity.agent_registered'],
    body: newAgentSchema,
    answers: { 201: agentSchema },
    handler: ({ services, who, body }) => services.identity.registerAgent(body, actorOf(who.principal)),
  }),
  route({
    method: 'GET',
    url: '/v1/agents/:id',
    operation: 'agents.read',
    summary: 'One agent',
    records: 'read',
    params: idParam('principal'),
    answers: { 200: agentSchema },
    handler: async ({ services, params }) => {
      const agent = await services.identity.agent(params.id);
      if (!agent) throw new PortreeveError('not_found', `There is no agent ${params.id}.`);
      return agent;
    },
  }),
  route({
    method: 'POST',
    url: '/v1/agents/:id/events',
    fresh_proof: true,
    operation: 'agents.change',
    summary:
      'Activate, review, suspend, reinstate or retire an agent. Suspending and retiring take back its grants and approvals; retiring its tokens, too',
    records: ['identity.agent_changed', 'identity.holdings_revoked'],
    params: idParam('principal'),
    body: agentChangeSchema,
    answers: { 201: agentSchema },
    handler: ({ services, who, params, body }) =>
      services.identity.changeAgent(params.id, body, actorOf(who.principal)),
  }),
];
