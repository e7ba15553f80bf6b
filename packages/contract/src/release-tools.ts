import { digestOf } from './canonical.ts';
import { IN_FORCE_KINDS } from './surface-change.ts';
import { RISK_TIERS, type ToolContract, toolContractSchema, type WorkflowContract } from './workflow.ts';

const NAME = { type: 'string', pattern: '^[a-z][a-z0-9]*([-_][a-z0-9]+)*$', maxLength: 64 };
const DIGEST = { type: 'string', pattern: '^sha256:[0-9a-f]{64}$' };
const DIGEST_OR_NONE = { anyOf: [DIGEST, { type: 'null' }] };
const COUNT = { type: 'integer', minimum: 0 };
const REASON = { type: 'string', minLength: 3, maxLength: 1000 };

const shared = {
  version: '1.0',
  effect: 'write',
  result: { type: 'object' },
  clearance: { confidentiality: 'restricted', categories: [] },
  undo: 'irreversible',
  timeout_ms: 1000,
  idempotency: 'key',
  audience: 'urn:portreeve:releases',
  binding: { connector: 'house' },
} as const;

/** Everything that a person who approves must see of it stands in the arguments, and so in the digest that they sign. */
const moving = {
  ...shared,
  tier: 3,
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['workflow', 'risk', 'release', 'replaces', 'evidence', 'looser', 'reason'],
    properties: {
      workflow: NAME,
      /** The risk tier of the workflow. */
      risk: { enum: [...RISK_TIERS] },
      release: DIGEST,
      /** What is in production now. */
      replaces: DIGEST_OR_NONE,
      /** Digests of the reports that it rests on. */
      evidence: { type: 'array', items: DIGEST, maxItems: 16 },
      /** What it lets more be done, seen or sent than what it replaces, in words. */
      looser: { type: 'array', items: { type: 'string', maxLength: 400 }, maxItems: 50 },
      reason: REASON,
    },
  },
  sinks: [
    { path: '/workflow', kind: 'target' },
    { path: '/release', kind: 'payload' },
  ],
} as const;

/** What was known of the step of its rollout that a release leaves; null: it leaves none. */
const LEFT = {
  anyOf: [
    { type: 'null' },
    {
      type: 'object',
      additionalProperties: false,
      required: ['step', 'minutes', 'taken', 'ended', 'failed', 'missed'],
      properties: {
        step: COUNT,
        minutes: COUNT,
        taken: COUNT,
        ended: COUNT,
        failed: COUNT,
        missed: { type: 'array', items: NAME, maxItems: 3 },
      },
    },
  ],
};

/** Lets a release be staged: an owner of the workflow agrees. */
export const stageRelease: ToolContract = toolContractSchema.parse({
  ...moving,
  name: 'stage_release',
  title: 'Stage a release',
  description: 'Moves a release of a workflow from testing to staging. No run takes it by that.',
});

/** Puts a release into production: two people of the workflow's owners agree (`action.promotion-two-owners`). */
export const promoteRelease: ToolContract = toolContractSchema.parse({
  ...moving,
  name: 'promote_release',
  title: 'Put a release into production',
  description: 'From then on new runs of the workflow take this release. Runs that are under way keep theirs.',
  args: {
    ...moving.args,
    required: [...moving.args.required, 'left'],
    properties: { ...moving.args.properties, left: LEFT },
  },
});

/** Lets a release serve what the next step of its rollout says (requirement H9): the same two people agree. */
export const pilotRelease: ToolContract = toolContractSchema.parse({
  ...moving,
  name: 'pilot_release',
  title: 'Let a release enter a step of its rollout',
  description: 'From then on the release serves what the step says, and the one in production serves the rest.',
  args: {
    ...moving.args,
    required: [...moving.args.required, 'step', 'steps', 'serves', 'rollout', 'left'],
    properties: {
      ...moving.args.properties,
      /** Counted from 1. */
      step: { type: 'integer', minimum: 1, maximum: 8 },
      steps: { type: 'integer', minimum: 1, maximum: 8 },
      /** Whom the step serves, in words. */
      serves: { type: 'string', maxLength: 500 },
      /** Of all steps, as they were declared. */
      rollout: DIGEST,
      left: LEFT,
    },
  },
});

/**
 * Takes a release that was in production before back into it. Tier 2: it restores what people have approved once, so that it
 * goes ahead at once and the owners are told.
 */
export const rollBackRelease: ToolContract = toolContractSchema.parse({
  ...shared,
  name: 'roll_back_release',
  title: 'Roll back to an earlier release',
  description: 'From then on new runs take a release that was in production before. Runs under way keep theirs.',
  tier: 2,
  // Undone by the same tool, the other way round.
  undo: {
    tool: 'roll_back_release',
    window_minutes: 43_200,
    args: {
      workflow: { from: 'args', pointer: '/workflow' },
      release: { from: 'args', pointer: '/replaces' },
      replaces: { from: 'args', pointer: '/release' },
      reason: { from: 'args', pointer: '/reason' },
    },
  },
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['workflow', 'release', 'replaces', 'reason'],
    properties: { workflow: NAME, release: DIGEST, replaces: DIGEST_OR_NONE, reason: REASON },
  },
  sinks: [
    { path: '/workflow', kind: 'target' },
    { path: '/release', kind: 'payload' },
  ],
});

/** Lets what is in force, and was changed, count as reviewed (requirement H2): an owner of what it touches agrees. */
export const approveChange: ToolContract = toolContractSchema.parse({
  ...shared,
  tier: 3,
  name: 'approve_change',
  title: 'Approve a change of what workflows rest on',
  description: 'From then on the policy, right, tool, source, model endpoint or model version counts as reviewed.',
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['change', 'kind', 'subject', 'from', 'to', 'risk', 'workflows', 'says', 'looser', 'rests_on', 'reason'],
    properties: {
      change: { type: 'string', pattern: '^chg_[a-z0-9_-]{1,64}$' },
      kind: { enum: [...IN_FORCE_KINDS] },
      subject: { type: 'string', maxLength: 400 },
      from: DIGEST_OR_NONE,
      to: DIGEST,
      /** The highest risk tier of what it touches. */
      risk: { enum: [...RISK_TIERS] },
      workflows: { type: 'array', items: NAME, maxItems: 1000 },
      /** What is otherwise, in words, and how many of that loosens. */
      says: { type: 'array', items: { type: 'string', maxLength: 400 }, maxItems: 50 },
      looser: COUNT,
      /** The reports on what runs of each workflow that were made since. */
      rests_on: {
        type: 'array',
        maxItems: 1000,
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['workflow', 'release', 'reports'],
          properties: { workflow: NAME, release: DIGEST, reports: { type: 'array', items: DIGEST, maxItems: 2 } },
        },
      },
      reason: REASON,
    },
  },
  sinks: [
    { path: '/change', kind: 'target' },
    { path: '/subject', kind: 'payload' },
  ],
});

/** The tools of the house's own desk, which no workflow can declare: by which releases move, and changes are approved. */
export const RELEASE_TOOLS: readonly ToolContract[] = [
  stageRelease,
  pilotRelease,
  promoteRelease,
  rollBackRelease,
  approveChange,
];

/** To policy and on record what a workflow is; no workflow may have this name. */
export const RELEASE_DESK = 'portreeve-releases';

/** What stands for the release of the desk itself: the digest of its contracts. */
export const RELEASE_DESK_DIGEST = digestOf(RELEASE_TOOLS);

/**
 * The groups whose members speak for a workflow's owners: the name of the owner, or the part of an address before the `@`.
 * The owner of escalations is told, and agrees to nothing.
 */
export function ownerGroups({ security, platform, business }: WorkflowContract['owners']): string[] {
  return [...new Set([security, platform, business].map((owner) => owner.replace(/@.*$/s, '')))].sort();
}
