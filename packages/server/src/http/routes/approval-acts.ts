import {
  APPROVAL_STATES,
  type Approval,
  approvalSchema,
  digestSchema,
  idSchema,
  jsonObjectSchema,
  keyVerdictSchema,
  PortreeveError,
} from '@portreeve/contract';
import { z } from 'zod';
import type { Services } from '../../services.ts';
import { route } from '../route.ts';
import { seesApproval } from '../visible.ts';
import { assertDecides, refuseFrozen } from './approvals.ts';
import { idParam } from './schemas.ts';

const delegation = z.object({
  id: z.string(),
  delegator: z.string(),
  delegate: z.string(),
  groups: z.array(z.string()),
  reason: z.string(),
  from_at: z.string(),
  until: z.string(),
  ended_at: z.string().nullable(),
});

/** What is done with approvals besides giving a verdict: taking back, standing in for somebody, many alike at once. */
export const approvalActRoutes = [
  route({
    method: 'POST',
    url: '/v1/approvals/:id/withdraw',
    operation: 'approvals.withdraw',
    summary: 'Take back what one has asked for, while it is pending: nothing is done then',
    records: ['approval.closed'],
    params: idParam('approval'),
    answers: { 200: approvalSchema },
    handler: ({ services, who, params }) => services.approvals.withdraw(params.id, who.principal),
  }),
  route({
    method: 'POST',
    url: '/v1/approvals/:id/amendments',
    operation: 'approvals.amend',
    summary: 'Propose other arguments instead of approving: a new proposal, decided anew, which others are asked about',
    records: ['approval.amended', 'approval.closed', 'proposal.submitted', 'decision.made', 'approval.requested'],
    params: idParam('approval'),
    body: z.strictObject({
      args: jsonObjectSchema.describe('All arguments as they are to be, by the schema of the tool'),
      reason: z.string().max(2000).describe('Why, for those who decide on it'),
      proposal_digest: digestSchema.describe('Of what the person was shown'),
    }),
    answers: { 201: approvalSchema.describe('The approval that takes the place of the amended one') },
    handler: async ({ services, who, params, body }) => {
      const approval = await services.approvals.get(params.id);
      if (!approval || !seesApproval(who.principal, approval))
        throw new PortreeveError('not_found', `There is no approval ${params.id}.`);
      if (body.proposal_digest !== approval.proposal_digest)
        throw new PortreeveError('digest_mismatch', 'What you were shown is not what this approval is about.');
      const { args, reason } = body;
      return services.gate.amend(params.id, { args, reason, by: who.principal });
    },
  }),
  route({
    method: 'GET',
    url: '/v1/approval-delegations',
    operation: 'approvals.delegations',
    summary: 'In whose place one decides, and who in one’s own; ended ones too',
    records: 'read',
    answers: { 200: z.object({ delegations: z.array(delegation) }) },
    handler: async ({ services, who }) => ({
      delegations: (await services.approvalDelegations.of(who.principal.id)).map((each) => ({
        ...each,
        groups: [...each.groups],
      })),
    }),
  }),
  route({
    method: 'POST',
    url: '/v1/approval-delegations',
    operation: 'approvals.delegate',
    summary: 'Let another approver decide in one’s place, for groups of one’s own, until a day',
    records: ['approval.delegated'],
    body: z.strictObject({
      delegate: idSchema('principal'),
      groups: z.array(z.string().min(1).max(128)).min(1).max(50),
      until: z.iso.datetime(),
      reason: z.string().trim().min(1).max(500),
    }),
    answers: { 201: delegation },
    handler: async ({ services, who, body }) => services.approvalDelegations.delegate(body, who.principal),
  }),
  route({
    method: 'DELETE',
    url: '/v1/approval-delegations/:id',
    operation: 'approvals.delegate',
    summary: 'End a delegation that one gave, or was given',
    records: ['approval.delegation_ended'],
    params: idParam('approval_delegation'),
    answers: { 200: z.object({ status: z.literal('ended') }) },
    handler: async ({ services, who, params }) => {
      await services.approvalDelegations.end(params.id, who.principal);
      return { status: 'ended' };
    },
  }),
  route({
    method: 'POST',
    url: '/v1/approvals/batch',
    operation: 'approvals.decide',
    summary: 'Verdicts on several approvals of exactly the same low-tier action, asked for by the same; each is signed',
    records: ['approval.verdict', 'approval.closed', 'approval.refused_verdict'],
    body: z.strictObject({ verdicts: z.array(keyVerdictSchema).min(2).max(20) }),
    answers: {
      200: z.object({
        results: z.array(
          z.object({ approval: z.string(), state: z.enum(APPROVAL_STATES).nullable(), code: z.string().nullable() }),
        ),
      }),
    },
    handler: async ({ services, who, body }) => {
      for (const { statement } of body.verdicts) assertDecides(statement.verdict);
      await assertAlike(
        services,
        [...new Set(body.verdicts.map(({ statement }) => statement.approval))],
        body.verdicts.length,
      );
      const results: { approval: string; state: Approval['state'] | null; code: string | null }[] = [];
      for (const verdict of body.verdicts) {
        const { approval, verdict: kind } = verdict.statement;
        try {
          await refuseFrozen(services, approval, kind, who.principal);
          const { state } = await services.approvals.decide(verdict, who.principal);
          results.push({ approval, state, code: null });
        } catch (error) {
          if (!(error instanceof PortreeveError)) throw error;
          results.push({ approval, state: null, code: error.code });
        }
      }
      return { results };
    },
  }),
];

/** The highest action tier of which several may be decided at once: its effects are told, and can be undone. */
const BATCH_TIER_MAX = 2;

/**
 * One look is enough for several only where they are the same: the digest is of tool, arguments, labels, release and who
 * asked. What needs more care is looked at one by one.
 */
async function assertAlike(services: Services, ids: readonly Approval['id'][], verdicts: number): Promise<void> {
  if (ids.length !== verdicts) throw new PortreeveError('bad_request', 'An approval stands in it twice.');
  const digests = new Set<string>();
  for (const id of ids) {
    const approval = await services.approvals.get(id);
    const stored = approval && (await services.gate.get(approval.proposal));
    if (!approval || !stored) throw new PortreeveError('not_found', `There is no approval ${id}.`);
    digests.add(`${approval.proposal_digest} ${approval.preview_digest ?? ''}`);
    const careful = stored.workflow.tier === 'high' || stored.workflow.tier === 'critical';
    if (stored.contract.tier > BATCH_TIER_MAX || careful)
      throw new PortreeveError('refused', `${id} is for a look of its own: it is no low-tier action.`, {
        next: 'Decide it alone.',
      });
  }
  if (digests.size > 1)
    throw new PortreeveError('refused', 'Only exactly the same action, asked for by the same, is decided at once.', {
      next: 'Decide them one by one.',
    });
}
