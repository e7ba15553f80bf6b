import { givenAssertionSchema } from '@portreeve/approve';
import {
  APPROVAL_STATES,
  type ApprovalId,
  actorOf,
  approvalSchema,
  asId,
  DECIDING_VERDICTS,
  digestSchema,
  draft,
  idSchema,
  orderNames,
  orderOf,
  PortreeveError,
  type Principal,
  previewViewSchema,
  signedVerdictSchema,
  type VerdictKind,
  verdictStatementSchema,
} from '@portreeve/contract';
import { refsOf } from '@portreeve/gate';
import { z } from 'zod';
import type { Services } from '../../services.ts';
import { route } from '../route.ts';
import { approvalView } from '../views/approval.ts';
import { requesterOnly, seesApproval } from '../visible.ts';
import { idParam, listLimit, nextOf } from './schemas.ts';

/** A row of the list: the approval, and what of its proposal a list shows. */
const listedApproval = approvalSchema.extend({
  tool: z.string().nullable(),
  workflow: z.string().nullable(),
  tier: z.string().nullable().describe('The risk tier of the workflow'),
  requester: z.string().nullable(),
  run: z.string().nullable(),
});

/**
 * Counted apart from what else comes from an address, such as that of an office: who floods from it does not keep a person
 * there from deciding.
 */
const decided = { per_minute: 600 } as const;

export const approvalRoutes = [
  route({
    method: 'GET',
    url: '/v1/notices',
    operation: 'notices.read',
    summary: 'What one’s groups were told of: actions that went ahead, newest first',
    records: 'read',
    query: z.strictObject({
      limit: listLimit,
      after: idSchema('decision').optional().describe('Continue behind the notice of this decision'),
    }),
    answers: { 200: z.object({ notices: z.array(z.unknown()), next: z.string().nullable() }) },
    handler: async ({ services, who, query: { limit, after } }) => {
      const page = { limit, ...(after === undefined ? {} : { after }) };
      const notices = await services.notices.list({ groups: who.principal.groups, ...page });
      return { notices, next: notices.length === limit ? (notices.at(-1)?.decision ?? null) : null };
    },
  }),
  route({
    method: 'GET',
    url: '/v1/approvals',
    ...decided,
    operation: 'approvals.read',
    summary: 'Approvals, in the order of when they were asked for, or of when they are denied by themselves',
    records: 'read',
    query: z.strictObject({
      state: z.enum(APPROVAL_STATES).optional(),
      /** Those alone that one may decide, as a member or in somebody’s place. */
      mine: z.stringbool().default(false),
      sort: z.enum(orderNames(['asked', 'until'])).default('asked'),
      limit: listLimit,
      after: idSchema('approval').optional().describe('Continue behind this one, in that order'),
    }),
    answers: {
      200: z.object({
        approvals: z.array(listedApproval),
        next: z.string().nullable(),
        note: z.string().nullable().describe('What whoever decides is to know of all of them'),
      }),
    },
    handler: async ({ services, who, query }) => {
      const { mine, sort, ...filter } = query;
      const requester = requesterOnly(who.principal);
      const approvals = await services.approvals.list({
        ...filter,
        order: orderOf(sort, { asked: 'id', until: 'expires_at' }),
        ...(mine ? { groups: await services.approvals.groupsFor(who.principal), confirm_by: who.principal.id } : {}),
        ...(requester === null ? {} : { requester: asId('principal', requester) }),
      });
      const visible = approvals.filter((approval) => seesApproval(who.principal, approval));
      const rows = await Promise.all(
        visible.map(async (approval) => {
          const stored = await services.gate.get(approval.proposal);
          return {
            ...approval,
            tool: stored?.proposal.tool ?? null,
            workflow: stored?.workflow.name ?? null,
            tier: stored?.workflow.tier ?? null,
            requester: stored?.proposal.principal.name ?? null,
            run: stored?.proposal.run ?? null,
          };
        }),
      );
      return {
        approvals: rows,
        next: nextOf(approvals, query.limit),
        note: services.plantingNote,
      };
    },
  }),
  route({
    method: 'GET',
    url: '/v1/approvals/:id',
    ...decided,
    operation: 'approvals.read',
    summary: 'One approval with all that its approver must see',
    records: 'read',
    params: idParam('approval'),
    answers: {
      200: z
        .looseObject({ preview: previewViewSchema.nullable() })
        .describe(
          'The approval, exact arguments with their provenance, what a dry run saw, evidence, rationale, decision, requester',
        ),
    },
    handler: async ({ services, who, params }) => {
      const approval = await services.approvals.get(params.id);
      if (!approval || !seesApproval(who.principal, approval))
        throw new PortreeveError('not_found', `There is no approval ${params.id}.`);
      return approvalView(services, approval);
    },
  }),
  route({
    method: 'POST',
    url: '/v1/approvals/:id/challenges',
    ...decided,
    operation: 'approvals.decide',
    summary:
      'What a passkey is to sign for a verdict: the statement, and the options that the authenticator is asked with',
    records: ['identity.passkey_challenged'],
    params: idParam('approval'),
    body: z.strictObject({
      verdict: z.enum(DECIDING_VERDICTS),
      reason: z.string().max(2000),
      proposal_digest: digestSchema.describe('Of what the person was shown'),
      preview_digest: digestSchema.nullable(),
    }),
    answers: { 200: z.object({ statement: verdictStatementSchema, options: z.looseObject({}) }) },
    handler: async ({ services, who, params, body }) => {
      const approval = await services.approvals.get(params.id);
      if (!approval || !seesApproval(who.principal, approval))
        throw new PortreeveError('not_found', `There is no approval ${params.id}.`);
      return services.passkeys.challenge(approval, body, who.principal);
    },
  }),
  route({
    method: 'POST',
    url: '/v1/approvals/:id/passkey-verdicts',
    ...decided,
    operation: 'approvals.decide',
    summary: 'Give the verdict that a passkey has signed: the assertion over the challenge that was asked for',
    records: ['approval.verdict', 'approval.closed', 'approval.refused_verdict', 'identity.passkey_revoked'],
    params: idParam('approval'),
    body: givenAssertionSchema,
    answers: { 201: approvalSchema },
    handler: async ({ services, who, params, body }) => {
      // Which verdict it is stands in what we gave to be signed; while frozen, only a denial can be given.
      const verdict = await services.approvals.verdictIn(body, who.principal);
      assertDecides(verdict);
      if (verdict) await refuseFrozen(services, params.id, verdict, who.principal);
      services.debugpoint('before-verdict');
      const approval = await services.approvals.decideByPasskey(params.id, body, who.principal);
      services.debugpoint('after-verdict');
      return approval;
    },
  }),
  route({
    method: 'POST',
    url: '/v1/approvals/:id/verdicts',
    ...decided,
    operation: 'approvals.decide',
    summary: 'Give a signed verdict on exactly the proposal that was shown',
    records: ['approval.verdict', 'approval.closed', 'approval.refused_verdict'],
    params: idParam('approval'),
    body: signedVerdictSchema,
    answers: { 201: approvalSchema },
    handler: async ({ services, who, params, body }) => {
      if (body.statement.approval !== params.id) {
        throw new PortreeveError('bad_request', 'The verdict is for another approval than the address names.');
      }
      assertDecides(body.statement.verdict);
      await refuseFrozen(services, params.id, body.statement.verdict, who.principal);
      services.debugpoint('before-verdict');
      const approval = await services.approvals.decide(body, who.principal);
      services.debugpoint('after-verdict');
      return approval;
    },
  }),
];

/** What is confirmed has a way of its own, with a right of its own. */
export function assertDecides(verdict: VerdictKind | null): void {
  if (verdict === 'confirm')
    throw new PortreeveError('bad_request', 'This is a confirmation, and no verdict.', {
      next: 'Send it to the confirmations of the approval.',
    });
}

/** A freeze stops pending approvals too: nothing can be approved that could not be done. A denial always can be given. */
export async function refuseFrozen(
  services: Services,
  id: ApprovalId,
  verdict: VerdictKind,
  by: Principal,
): Promise<void> {
  const approval = verdict !== 'deny' ? await services.approvals.get(id) : null;
  const decision = approval && (await services.gate.frozen(approval.proposal));
  if (!decision) return;
  const stored = await services.gate.get(approval.proposal);
  const about = stored ? refsOf(stored.proposal) : { proposal: approval.proposal };
  await services.audit.record([
    draft({
      type: 'approval.refused_verdict',
      actor: actorOf(by),
      refs: { ...about, approval: id, policy_version: decision.policy_version },
      outcome: 'frozen',
      data: { code: 'frozen', verdict },
    }),
  ]);
  throw new PortreeveError('frozen', decision.reasons.map((reason) => reason.text).join(' '));
}
