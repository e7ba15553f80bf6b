import {
  CHANGE_EVENTS,
  CHANGE_KINDS,
  CHANGE_STATES,
  digestSchema,
  idSchema,
  nameSchema,
  type Principal,
  RISK_TIERS,
  SURFACE_AREAS,
} from '@portreeve/contract';
import { type StoredChange, toldTo } from '@portreeve/govern';
import { z } from 'zod';
import type { ShownChange } from '../../changes/desk.ts';
import { oversees } from '../../oversight.ts';
import { route } from '../route.ts';
import { listLimit } from './schemas.ts';

const reason = z.string().trim().min(3).max(1000);
const params = z.object({ change: idSchema('change') });

const changeAnswer = z.object({
  change: idSchema('change'),
  kind: z.enum(CHANGE_KINDS),
  subject: z.string().describe('A release, `UPSTREAM/TOOL`, a part of the configuration, or `ENDPOINT/MODEL`'),
  from: digestSchema.nullable().describe('Null where it is new'),
  to: digestSchema,
  workflows: z.array(nameSchema).describe('What it touches'),
  owners: z.array(z.string()).describe('Groups whose members speak for it'),
  risk: z.enum(RISK_TIERS).describe('The highest of what it touches'),
  reason: z.string(),
  opened_by: z.string(),
  opened_at: z.string(),
  state: z.enum(CHANGE_STATES),
  pieces: z.int(),
  looser: z.int().describe('Pieces by which more may be done, seen or sent'),
});

const shownAnswer = changeAnswer.omit({ pieces: true, looser: true }).extend({
  pieces: z.array(
    z.object({
      area: z.enum(SURFACE_AREAS),
      text: z.string().describe('In words'),
      loosens: z
        .boolean()
        .describe('More may be done, seen or sent than before; where that cannot be told, it counts so'),
      lines: z.array(z.string()).describe('Lines to read; of a text those taken out (`-`) and put in (`+`)'),
    }),
  ),
  evidence: z.array(
    z.object({
      workflow: nameSchema,
      release: digestSchema.nullable().describe('What runs of it; null: nothing does'),
      reports: z.array(digestSchema).describe('Those on exactly this release that were made since'),
      lacks: z.array(z.object({ path: z.string(), message: z.string() })),
    }),
  ),
  moves: z.array(
    z.object({
      event: z.enum(CHANGE_EVENTS),
      from: z.enum(CHANGE_STATES),
      to: z.enum(CHANGE_STATES),
      reason: z.string(),
      by: z.string(),
      at: z.string(),
      proposal: z.string().nullable(),
      evidence: z.array(digestSchema).describe('The reports that it rests on'),
    }),
  ),
  asked: z.object({ proposal: z.string(), at: z.string() }).nullable().describe('While its owners are asked'),
});

const askedAnswer = z.object({
  proposal: idSchema('proposal'),
  change: idSchema('change'),
  tool: z.string(),
  status: z.string().describe('`waiting` for people, `succeeded`, `refused`, `denied`, `failed`, `running`'),
  approval: z.string().nullable(),
  reason: z.string().nullable(),
});

/** A line of the list: how much it is, and not what it says. */
const lineOf = ({ pieces, after, asked, ...change }: StoredChange) => ({
  ...change,
  pieces: toldTo(pieces, false).length,
  looser: toldTo(pieces, false).filter(({ loosens }) => loosens).length,
});

const viewOf = ({ after, pieces, ...shown }: ShownChange, reader: Principal) => ({
  ...shown,
  pieces: toldTo(pieces, oversees(reader)).map(({ told_to, ...piece }) => piece),
});

/** The register of changes of what workflows rest on (requirement H2). */
export const changeRoutes = [
  route({
    method: 'GET',
    url: '/v1/changes',
    operation: 'changes.read',
    summary:
      'New and changed releases, upstream definitions, configuration and model versions, and where each stands; newest first',
    records: 'read',
    query: z.strictObject({
      kind: z.enum(CHANGE_KINDS).optional(),
      state: z.enum(CHANGE_STATES).optional(),
      workflow: nameSchema.optional(),
      limit: listLimit,
      after: idSchema('change').optional().describe('Continue behind this one'),
    }),
    answers: { 200: z.object({ changes: z.array(changeAnswer), next: z.string().nullable() }) },
    handler: async ({ services, query: { kind, state, workflow, limit, after } }) => {
      const filter = {
        ...(kind === undefined ? {} : { kind }),
        ...(state === undefined ? {} : { state }),
        ...(workflow === undefined ? {} : { workflow }),
        ...(after === undefined ? {} : { after }),
      };
      const changes = await services.changes.list({ ...filter, limit });
      return {
        changes: changes.map(lineOf),
        next: changes.length === limit ? (changes.at(-1)?.change ?? null) : null,
      };
    },
  }),
  route({
    method: 'GET',
    url: '/v1/changes/:change',
    operation: 'changes.read',
    summary: 'One change: what is otherwise, in words, what was run again since, and who decided',
    records: 'read',
    params,
    answers: { 200: shownAnswer },
    handler: async ({ services, who, params: { change } }) =>
      viewOf(await services.changes.show(change), who.principal),
  }),
  route({
    method: 'POST',
    url: '/v1/changes/:change/approvals',
    operation: 'changes.approve',
    fresh_proof: true,
    summary: 'Ask that a change of configuration or of a model version be approved. Its owners decide',
    records: ['proposal.submitted', 'decision.made', 'approval.requested'],
    params,
    body: z.strictObject({ reason }),
    answers: { 201: askedAnswer },
    handler: async ({ services, who, params: { change }, body }) =>
      services.changes.approve(change, body.reason, who.principal),
  }),
  route({
    method: 'POST',
    url: '/v1/changes/:change/rejections',
    operation: 'changes.reject',
    summary: 'Say no to a change of configuration or of a model version; while it is in force it is not reviewed',
    records: ['change.moved'],
    params,
    body: z.strictObject({ reason }),
    answers: { 201: shownAnswer },
    handler: async ({ services, who, params: { change }, body }) =>
      viewOf(await services.changes.reject(change, body.reason, who.principal), who.principal),
  }),
];
