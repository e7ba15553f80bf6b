import { givenAssertionSchema } from '@portreeve/approve';
import {
  approvalSchema,
  digestSchema,
  keyVerdictSchema,
  PortreeveError,
  verdictStatementSchema,
} from '@portreeve/contract';
import { z } from 'zod';
import { route } from '../route.ts';
import { seesApproval } from '../visible.ts';
import { refuseFrozen } from './approvals.ts';
import { idParam } from './schemas.ts';

/** How the person in whose name something is done confirms exactly that. It is no approval, and needs no approver's role. */
export const confirmationRoutes = [
  route({
    method: 'POST',
    url: '/v1/approvals/:id/confirmation-challenges',
    operation: 'approvals.confirm',
    summary: 'What a passkey is to sign to confirm what is done in one\u2019s own name',
    records: ['identity.passkey_challenged'],
    params: idParam('approval'),
    body: z.strictObject({
      reason: z.string().max(2000),
      proposal_digest: digestSchema.describe('Of what the person was shown'),
      preview_digest: digestSchema.nullable(),
    }),
    answers: { 200: z.object({ statement: verdictStatementSchema, options: z.looseObject({}) }) },
    handler: async ({ services, who, params, body }) => {
      const approval = await services.approvals.get(params.id);
      if (!approval || !seesApproval(who.principal, approval))
        throw new PortreeveError('not_found', `There is no approval ${params.id}.`);
      if (approval.confirm_by !== who.principal.id)
        throw new PortreeveError('approver_not_eligible', 'You are not asked to confirm it.');
      return services.passkeys.challenge(approval, { ...body, verdict: 'confirm' }, who.principal);
    },
  }),
  route({
    method: 'POST',
    url: '/v1/approvals/:id/confirmations',
    operation: 'approvals.confirm',
    summary: 'Confirm exactly what is done in one\u2019s own name, signed by one\u2019s signing key or a passkey',
    records: ['approval.verdict', 'approval.closed', 'approval.refused_verdict', 'identity.passkey_revoked'],
    params: idParam('approval'),
    body: z.union([keyVerdictSchema, givenAssertionSchema]),
    answers: { 201: approvalSchema },
    handler: async ({ services, who, params, body }) => {
      const { approvals } = services;
      const verdict = 'statement' in body ? body.statement.verdict : await approvals.verdictIn(body, who.principal);
      const about = 'statement' in body ? body.statement.approval : params.id;
      if (about !== params.id || (verdict !== null && verdict !== 'confirm'))
        throw new PortreeveError('bad_request', 'This is no confirmation of what the address names.');
      await refuseFrozen(services, params.id, 'confirm', who.principal);
      return 'statement' in body
        ? approvals.decide(body, who.principal)
        : approvals.decideByPasskey(params.id, body, who.principal);
    },
  }),
];
