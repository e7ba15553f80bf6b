import {
  digestSchema,
  idSchema,
  jsonObjectSchema,
  PortreeveError,
  type ProposalId,
  type ToolContract,
} from '@portreeve/contract';
import type { OutsideAnswer } from '@portreeve/gate';
import type { Authenticated } from '@portreeve/identity';
import { z } from 'zod';
import { declarationSchema, declareIntent } from '../../mcp/declare-intent.ts';
import { inScope } from '../../mcp/gateway.ts';
import { assertNoAnswers } from '../../mcp/rounds.ts';
import type { Services } from '../../services.ts';
import { route } from '../route.ts';
import { idParam } from './schemas.ts';

const answerSchema = z.looseObject({
  id: idSchema('proposal'),
  status: z.enum(['succeeded', 'given', 'waiting', 'ready', 'running', 'failed', 'unknown', 'refused', 'denied']),
  carried_out_by: z
    .enum(['gateway', 'caller'])
    .describe('`caller`: what succeeded is the leave to do it now, once; `gateway`: it was done'),
  args_digest: digestSchema
    .describe('SHA-256 of the RFC 8785 form of the arguments that a `caller` was let with')
    .optional(),
  result: z.unknown().describe('Of what succeeded').optional(),
  narrowed: z.array(z.string()).describe('Profiles by which policy has narrowed what was done').optional(),
  approval: idSchema('approval').describe('That people give, or have denied').optional(),
  expires_at: z.string().optional(),
  reason: z.string().describe('Why it failed').optional(),
  handoff: idSchema('handoff').describe('The work of a person that it has become').optional(),
  decision: z
    .looseObject({ reasons: z.array(z.looseObject({ code: z.string(), text: z.string() })), next: z.string() })
    .describe('Why it was refused')
    .optional(),
});

/** Actions of agents outside, by the same code as MCP: the same session, the same tools, the same gate. */
export const proposalRoutes = [
  route({
    method: 'POST',
    url: '/v1/proposals',
    operation: 'proposals.submit',
    summary:
      'Ask for an action with a tool of the gateway; it is decided at once, and never waited for. With an `Idempotency-Key` the same again is no second action',
    takes_key: true,
    records: ['agent.session_opened', 'proposal.submitted', 'decision.made'],
    body: z.strictObject({
      tool: z.string().min(1).max(256),
      args: jsonObjectSchema,
      rationale: z.string().trim().min(1).max(4000).optional(),
    }),
    answers: { 201: answerSchema },
    handler: async ({ services, who, body, key, request }) => {
      const tool = offered(services, who, body.tool);
      assertNoAnswers(body.args);
      const from = services.clock.now();
      const answer = await services.outside.ask({
        who: who.principal,
        toolset: tool.toolset,
        contract: tool.contract,
        args: body.args,
        rationale: body.rationale ?? 'Asked for over HTTP, without a reason.',
        ...(key === undefined ? {} : { idempotency_key: key }),
      });
      const { traceparent } = request.headers;
      services.tracing.entered({ run: null, proposal: answer.proposal }, from, traceparent);
      return viewOf(tool.contract, answer);
    },
  }),
  route({
    method: 'GET',
    url: '/v1/proposals/:id',
    operation: 'proposals.read',
    summary: 'How an action of one’s own stands; nothing is carried out',
    records: 'read',
    params: idParam('proposal'),
    answers: { 200: answerSchema },
    handler: async ({ services, who, params }) => followed(services, who, params.id, false),
  }),
  route({
    method: 'POST',
    url: '/v1/proposals/:id/resume',
    operation: 'proposals.submit',
    summary: 'Carry an action of one’s own on: one that people have approved is carried out now',
    records: ['decision.made'],
    params: idParam('proposal'),
    answers: { 200: answerSchema },
    handler: async ({ services, who, params }) => followed(services, who, params.id, true),
  }),
  route({
    method: 'POST',
    url: '/v1/intents',
    operation: 'intents.declare',
    summary: 'Say what will be done before anything is read; afterwards it can only become less',
    records: ['agent.session_opened', 'agent.intent_declared'],
    body: declarationSchema,
    answers: { 201: z.looseObject({ session: idSchema('agent_session'), state: z.string() }) },
    handler: async ({ services, who, body }) =>
      declareIntent({ gateway: services.mcp.gateway, outside: services.outside }, who, body),
  }),
];

/** What one may not see is not there. */
function offered(services: Services, who: Authenticated, name: string) {
  const tool = services.mcp.gateway.tools(who).find((each) => each.name === name);
  if (!tool) throw new PortreeveError('not_found', `There is no tool ${JSON.stringify(name.slice(0, 128))}.`);
  return tool;
}

async function followed(services: Services, who: Authenticated, id: ProposalId, carry: boolean) {
  const may = (contract: ToolContract) => inScope(who, contract);
  const found = await services.outside.follow(who.principal, id, { may, carry });
  if (!found) throw new PortreeveError('not_found', `There is no proposal ${id}.`);
  return viewOf(found.contract, found.answer);
}

const viewOf = ({ binding }: ToolContract, { proposal, ...answer }: OutsideAnswer) => ({
  id: proposal,
  carried_out_by: binding.connector === 'caller' ? ('caller' as const) : ('gateway' as const),
  ...answer,
});
