import { actorOf, draft, OVERSIGHT_ALARMS, PortreeveError, stampingRulesSchema } from '@portreeve/contract';
import { refsOf } from '@portreeve/gate';
import { z } from 'zod';
import { oversightReport } from '../../oversight.ts';
import { route } from '../route.ts';
import { seesApproval } from '../visible.ts';
import { idParam } from './schemas.ts';

const DAY_MS = 86_400_000;
const ms = z.number().nullable();
const figures = z.array(
  z.object({
    name: z.string(),
    verdicts: z.number(),
    approved: z.number(),
    denied: z.number(),
    confirmed: z.number(),
    amended: z.number(),
    approved_percent: z.number().nullable(),
    to_verdict_p50_ms: ms,
    to_verdict_p90_ms: ms,
    in_view_p50_ms: ms.describe('As the browsers say; nothing rests on it'),
    in_view_known: z.number(),
    alarms: z.array(
      z.object({ alarm: z.enum(OVERSIGHT_ALARMS), rule: z.string(), counted: z.number(), of: z.number() }),
    ),
    records: z.array(z.string()).describe('Places of the newest records that were counted'),
  }),
);

/** How people decide is measured (requirement H7). */
export const oversightRoutes = [
  route({
    method: 'GET',
    url: '/v1/oversight',
    operation: 'oversight.read',
    summary: 'How people decide: time to verdict, time in view, approval rates and what looks like stamping',
    records: 'read',
    query: z.strictObject({ days: z.coerce.number().int().min(1).max(92).default(30) }),
    answers: {
      200: z.object({
        since: z.string(),
        until: z.string(),
        rules: stampingRulesSchema,
        decisions: z.number(),
        unreadable: z.number().describe('Decisions whose record was erased, or whose approval is not there any more'),
        cut: z.boolean().describe('Whether there are more than one report counts'),
        teams: figures,
        reviewers: figures.describe('A reviewer sees their own alone'),
        kinds: figures,
        planted: z
          .array(
            z.object({
              team: z.string(),
              planted: z.number(),
              caught: z.number(),
              missed: z.number(),
              unanswered: z.number(),
              caught_percent: z.number().nullable(),
              to_verdict_p50_ms: ms,
              real_to_verdict_p50_ms: ms.describe('Of what this team decided besides, in the same time'),
              in_view_p50_ms: ms,
              real_in_view_p50_ms: ms,
              records: z.array(z.string()),
            }),
          )
          .nullable()
          .describe('Planted test proposals that are closed, by team; null for who may not know of them'),
        planted_by: z
          .array(
            z.object({ requester: z.string(), asked: z.number(), planted: z.number(), planted_percent: z.number() }),
          )
          .nullable()
          .describe('In whose name they were, and how much of what was asked in that name was planted'),
      }),
    },
    handler: async ({ services, who, query }) => {
      const now = services.clock.now();
      const span = { since: new Date(now.getTime() - query.days * DAY_MS).toISOString(), until: now.toISOString() };
      return oversightReport(services, who.principal, span, services.stamping);
    },
  }),
  route({
    method: 'POST',
    url: '/v1/approvals/:id/views',
    operation: 'approvals.read',
    summary: 'How long the page of an approval was in view since the last report. It is measured, and decides nothing',
    records: ['approval.viewed'],
    params: idParam('approval'),
    body: z.strictObject({ visible_ms: z.int().min(0).max(DAY_MS) }),
    answers: { 200: z.object({ counted: z.boolean() }) },
    handler: async ({ services, who, params, body }) => {
      const approval = await services.approvals.get(params.id);
      if (!approval || !seesApproval(who.principal, approval))
        throw new PortreeveError('not_found', `There is no approval ${params.id}.`);
      if (approval.state !== 'pending') return { counted: false };
      const { oversight, audit, database, clock } = services;
      const stored = await services.gate.get(approval.proposal);
      const counted = await database.transaction(async (tx) => {
        const seen = await oversight.addView(tx, approval, who.principal.id, body.visible_ms, clock.now());
        if (seen === null) return false;
        const refs = { ...(stored ? refsOf(stored.proposal) : { proposal: approval.proposal }), approval: approval.id };
        const data = { ...seen };
        await audit.append(tx, [draft({ type: 'approval.viewed', actor: actorOf(who.principal), refs, data })]);
        return true;
      });
      return { counted };
    },
  }),
];
