import {
  actorOf,
  type Digest,
  digestSchema,
  idSchema,
  nameSchema,
  PortreeveError,
  type Principal,
  RELEASE_EVENTS,
  RELEASE_ORIGINS,
  RELEASE_STATES,
  REPORT_KINDS,
  RISK_TIERS,
  saidOfStep,
} from '@portreeve/contract';
import { CHANGE_AREAS, REPORT_CHARS_MAX, type StoredRelease, toldTo } from '@portreeve/govern';
import { z } from 'zod';
import { oversees } from '../../oversight.ts';
import type { ShownPilot } from '../../releases/pilots.ts';
import type { Services } from '../../services.ts';
import { route } from '../route.ts';
import { listLimit, liveFigure } from './schemas.ts';

const MIB = 1024 * 1024;
/** Of a request that brings a bundle. */
const BUNDLE_BYTES_MAX = 32 * MIB;

const reason = z.string().trim().min(3).max(1000);
const params = z.object({ release: digestSchema });

const releaseAnswer = z.object({
  release: digestSchema,
  workflow: nameSchema,
  version: z.string(),
  risk: z.enum(RISK_TIERS),
  portreeve: z.string(),
  origin: z.enum(RELEASE_ORIGINS),
  state: z.enum(RELEASE_STATES),
  signed_by: z.array(z.string()),
  bytes: z.int().nullable().describe('Of its bundle; null where only a folder had it'),
  added_by: z.string(),
  added_at: z.string(),
});

const evidenceAnswer = z.object({
  evidence: digestSchema,
  kind: z.enum(REPORT_KINDS),
  ok: z.boolean(),
  started: z.string(),
  ended: z.string(),
  figures: z.record(z.string(), z.int()),
  cases: z.int(),
  signed_by: z.array(z.string()),
  attached_by: z.string(),
  attached_at: z.string(),
});

const criteria = z.array(z.object({ path: z.string(), message: z.string() }));
const pilotAnswer = z.object({
  step: z.int().describe('Counted from 1'),
  steps: z.int(),
  kind: z.enum(['shadow', 'users', 'share']),
  serves: z.string(),
  runs_max: z.int(),
  entered_at: z.string(),
  minutes: z.int(),
  taken: z.int().describe('Runs that have begun in this step'),
  ended: z.int(),
  failed: z.int().describe('Of those that have ended: failed, or left to a person'),
  figures: z.array(liveFigure),
  unmet: criteria.describe('Criteria for leaving the step that are not met'),
});

const shownAnswer = releaseAnswer.extend({
  evidence: z.array(evidenceAnswer),
  lacks: criteria.describe('What it lacks for going on towards production'),
  moves: z.array(
    z.object({
      event: z.enum(RELEASE_EVENTS),
      from: z.enum(RELEASE_STATES),
      to: z.enum(RELEASE_STATES),
      reason: z.string(),
      by: z.string(),
      at: z.string(),
      proposal: z.string().nullable(),
    }),
  ),
  pilot: pilotAnswer.nullable().describe('The step of its rollout that it is in'),
  requests: z.array(
    z.object({
      proposal: idSchema('proposal'),
      tool: z.string(),
      asked_by: z.string(),
      asked_at: z.string(),
      ending: z.string().nullable().describe('Null while it goes on'),
    }),
  ),
});

const changesAnswer = z.object({
  from: digestSchema,
  to: digestSchema,
  changes: z.array(
    z.object({
      area: z.enum(CHANGE_AREAS),
      text: z.string().describe('In words'),
      loosens: z
        .boolean()
        .describe('More may be done, seen or sent than before; where that cannot be told, it counts so'),
      lines: z.array(z.string()).describe('Lines to read; of a text those taken out (`-`) and put in (`+`)'),
    }),
  ),
  cut: z.boolean().describe('Whether there is more than is told here'),
});

const deskAnswer = z.object({
  proposal: idSchema('proposal'),
  release: digestSchema,
  tool: z.string(),
  status: z.string().describe('`waiting` for people, `succeeded`, `refused`, `denied`, `failed`, `running`'),
  approval: z.string().nullable(),
  reason: z.string().nullable(),
});

/** How much of a comparison is told, so that an answer stays small; the whole is what `portreeve release diff` prints. */
const CHANGES_MAX = 500;
const LINES_MAX = 200;

/** What is otherwise than in another release, or than in what is in production; of that it is nothing. */
async function changed({ releases, releaseChanges }: Services, to: Digest, wanted: Digest | null, reader: Principal) {
  const { workflow } = await releases.get(to);
  const [inProduction] = await releases.list({ workflow, state: 'production', limit: 1 });
  const from = wanted ?? inProduction?.release;
  if (!from)
    throw new PortreeveError('conflict', `No release of ${workflow} is in production to compare it with.`, {
      next: 'Name one by `from`.',
    });
  const other = (await releases.get(from)).workflow;
  if (other !== workflow)
    throw new PortreeveError('bad_request', `One is a release of ${other}, the other of ${workflow}.`);
  const found = toldTo(await releaseChanges.shown(from, to), oversees(reader));
  const changes = found
    .slice(0, CHANGES_MAX)
    .map(({ lines, told_to, ...change }) => ({ ...change, lines: lines.slice(0, LINES_MAX) }));
  const cut = found.length > CHANGES_MAX || found.some(({ lines }) => lines.length > LINES_MAX);
  return { from, to, changes, cut };
}

const viewOf = ({ contract, ...release }: StoredRelease) => ({ ...release, risk: contract.tier });

function pilotView({ rollout, index, entered_at, facts, figures, unmet }: ShownPilot) {
  const step = rollout[index]!;
  const { minutes, taken, ended, failed } = facts;
  return {
    ...{ step: index + 1, steps: rollout.length, kind: step.kind, serves: saidOfStep(step), runs_max: step.runs_max },
    ...{ entered_at, minutes, taken, ended, failed, figures: [...figures], unmet: [...unmet] },
  };
}

async function shown({ releases, pilots, desk }: Services, release: Digest) {
  const found = await releases.get(release);
  const [evidence, lacks, moves, pilot, requests] = await Promise.all([
    releases.evidence(release),
    releases.gaps(release),
    releases.moves(release),
    pilots.of(release),
    desk.of(release),
  ]);
  return { ...viewOf(found), evidence, lacks, moves, pilot: pilot && pilotView(pilot), requests };
}

/** The register of releases (requirement H1). */
export const releaseRoutes = [
  route({
    method: 'GET',
    url: '/v1/releases',
    operation: 'releases.read',
    summary: 'The register of releases: what there is, and where each stands; newest first',
    records: 'read',
    query: z.strictObject({
      workflow: nameSchema.optional(),
      state: z.enum(RELEASE_STATES).optional(),
      limit: listLimit,
      after: digestSchema.optional().describe('Continue behind this one'),
    }),
    answers: {
      200: z.object({
        active: z.enum(['folder', 'promoted']),
        releases: z.array(releaseAnswer),
        next: z.string().nullable(),
      }),
    },
    handler: async ({ services, query: { workflow, state, limit, after } }) => {
      const filter = {
        limit,
        ...(workflow === undefined ? {} : { workflow }),
        ...(state === undefined ? {} : { state }),
        ...(after === undefined ? {} : { after: after as Digest }),
      };
      const releases = await services.releases.list(filter);
      return {
        active: services.info.active_releases,
        releases: releases.map(viewOf),
        next: releases.length === limit ? (releases.at(-1)?.release ?? null) : null,
      };
    },
  }),
  route({
    method: 'GET',
    url: '/v1/releases/:release',
    operation: 'releases.read',
    summary: 'One release: its evidence, what it lacks, how it came to stand where it stands',
    records: 'read',
    params,
    answers: { 200: shownAnswer },
    handler: async ({ services, params: { release } }) => shown(services, release as Digest),
  }),
  route({
    method: 'GET',
    url: '/v1/releases/:release/evidence/:evidence',
    operation: 'releases.read',
    summary: 'A report as it was attached, under its signature (DSSE)',
    records: 'read',
    params: params.extend({ evidence: digestSchema }),
    answers: { 200: z.object({ report: z.string() }) },
    handler: async ({ services, params: { release, evidence } }) => {
      const attached = (await services.releases.evidence(release as Digest)).some((each) => each.evidence === evidence);
      const report = attached ? await services.releases.report(evidence as Digest) : null;
      if (report === null) throw new PortreeveError('not_found', `No report ${evidence} is attached to ${release}.`);
      return { report };
    },
  }),
  route({
    method: 'GET',
    url: '/v1/releases/:release/changes',
    operation: 'releases.read',
    summary: 'What changes to a release from another one, or from what is in production, in words; loosening is marked',
    records: 'read',
    params,
    query: z.strictObject({ from: digestSchema.optional() }),
    answers: { 200: changesAnswer },
    handler: async ({ services, who, params: { release }, query: { from } }) =>
      changed(services, release as Digest, (from as Digest | undefined) ?? null, who.principal),
  }),
  route({
    method: 'GET',
    url: '/v1/release-reports',
    operation: 'releases.read',
    summary: 'The reports of tests and of red teams that are attached to releases, newest first',
    records: 'read',
    query: z.strictObject({
      workflow: nameSchema.optional(),
      kind: z.enum(REPORT_KINDS).optional(),
      limit: listLimit,
      after: digestSchema.optional().describe('Continue behind this report'),
    }),
    answers: {
      200: z.object({
        reports: z.array(evidenceAnswer.extend({ release: digestSchema, workflow: nameSchema })),
        next: z.string().nullable(),
      }),
    },
    handler: async ({ services, query: { workflow, kind, limit, after } }) => {
      const reports = await services.releases.reports({
        limit,
        ...(workflow === undefined ? {} : { workflow }),
        ...(kind === undefined ? {} : { kind }),
        ...(after === undefined ? {} : { after: after as Digest }),
      });
      return { reports, next: reports.length === limit ? (reports.at(-1)?.evidence ?? null) : null };
    },
  }),
  route({
    method: 'POST',
    url: '/v1/releases',
    operation: 'releases.add',
    summary: 'Add a signed bundle to the register; nothing runs it by that',
    records: ['release.added', 'release.turned_away'],
    bodyLimit: BUNDLE_BYTES_MAX,
    body: z.strictObject({ bundle: z.string().min(1).max(BUNDLE_BYTES_MAX) }),
    answers: { 201: releaseAnswer },
    handler: async ({ services, who, body }) => viewOf(await services.releases.add(body.bundle, who.principal)),
  }),
  route({
    method: 'POST',
    url: '/v1/releases/:release/evidence',
    operation: 'releases.attest',
    summary: 'Attach a signed report of tests or of a red team on exactly this release',
    records: ['release.evidence', 'release.turned_away'],
    bodyLimit: REPORT_CHARS_MAX + MIB,
    params,
    body: z.strictObject({ report: z.string().min(1).max(REPORT_CHARS_MAX).describe('A DSSE envelope') }),
    answers: { 201: evidenceAnswer },
    handler: async ({ services, who, params: { release }, body }) =>
      services.releases.attest(release as Digest, body.report, who.principal),
  }),
  route({
    method: 'POST',
    url: '/v1/releases/:release/events',
    operation: 'releases.move',
    summary: 'Let a release be tested, end its pilot, or give it up before it comes into production',
    records: ['release.moved'],
    params,
    body: z.strictObject({ event: z.enum(['test', 'retire', 'withdraw']), reason }),
    answers: { 201: shownAnswer },
    handler: async ({ services, who, params: { release }, body }) => {
      await services.releases.move(release as Digest, body.event, body.reason, actorOf(who.principal));
      return shown(services, release as Digest);
    },
  }),
  route({
    method: 'POST',
    url: '/v1/releases/:release/promotions',
    operation: 'releases.move',
    fresh_proof: true,
    summary: 'Ask that a release go on: from testing to staging, from staging into production. Its owners decide',
    records: ['proposal.submitted', 'decision.made', 'approval.requested'],
    params,
    body: z.strictObject({ reason }),
    answers: { 201: deskAnswer },
    handler: async ({ services, who, params: { release }, body }) =>
      services.desk.promote(release as Digest, body.reason, who.principal),
  }),
  route({
    method: 'POST',
    url: '/v1/releases/:release/bar',
    operation: 'releases.bar',
    fresh_proof: true,
    summary: 'Bar a release for ever: no run of it starts or goes on',
    records: ['release.moved'],
    params,
    body: z.strictObject({ reason }),
    answers: { 201: shownAnswer },
    handler: async ({ services, who, params: { release }, body }) => {
      await services.releases.move(release as Digest, 'bar', body.reason, actorOf(who.principal));
      return shown(services, release as Digest);
    },
  }),
  route({
    method: 'POST',
    url: '/v1/workflows/:name/rollbacks',
    operation: 'releases.move',
    fresh_proof: true,
    summary: 'Let new runs take a release again that was in production before: the last one, unless one is named',
    records: ['proposal.submitted', 'decision.made', 'grant.issued', 'release.moved'],
    params: z.object({ name: nameSchema }),
    body: z.strictObject({ to: digestSchema.optional(), reason }),
    answers: { 201: deskAnswer },
    handler: async ({ services, who, params: { name }, body }) =>
      services.desk.rollBack(name, (body.to as Digest | undefined) ?? null, body.reason, who.principal),
  }),
];
