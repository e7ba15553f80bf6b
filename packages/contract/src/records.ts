import { z } from 'zod';
import { APPROVAL_STATES, demandSchema, signedVerdictSchema } from './approval.ts';
import { digestSchema, jsonObjectSchema, jsonSchema } from './canonical.ts';
import { decisionSchema, OUTCOMES } from './decision.ts';
import { ENVIRONMENTS } from './environment-name.ts';
import { evidenceReportedSchema } from './evidence-report.ts';
import { HANDOFF_KINDS } from './handoff.ts';
import { idSchema, nameSchema, type RecordId } from './ids.ts';
import { clearanceSchema, labelSchema } from './labels.ts';
import { ENDPOINT_PLACES } from './model-endpoint.ts';
import { costSchema } from './model-price.ts';
import { NOTIFIED } from './notifications-config.ts';
import { OVERSIGHT_ALARMS } from './oversight-config.ts';
import { passkeyKeySchema, VERDICT_SIGNATURES } from './passkey.ts';
import { PREVIEW_GAPS } from './preview.ts';
import { actorSchema, PRINCIPAL_KINDS, ROLES } from './principal.ts';
import { amendsSchema, provenanceSchema } from './proposal.ts';
import { REPORT_KINDS } from './release-report.ts';
import { RELEASE_EVENTS, RELEASE_ORIGINS, RELEASE_STATES } from './release-states.ts';
import { REVIEWS } from './review-rules.ts';
import { SETTLED, SETTLING_WAYS } from './settlement.ts';
import { CHANGE_EVENTS, CHANGE_KINDS, CHANGE_STATES } from './surface-change.ts';
import { UNDO_REFUSALS, UNDO_STATES, UNWIND_STATES } from './undo.ts';
import { RISK_TIERS, STEP_KINDS } from './workflow.ts';

const count = z.int().min(0);

/** What is recorded of each attempt to ask a model. */
const attemptShape = {
  call: idSchema('call'),
  prompt: nameSchema,
  prompt_version: z.string(),
  /** The digest of all that was asked. */
  input_digest: digestSchema,
  /** How tainted and how secret that was. */
  input_label: labelSchema.omit({ origins: true }),
  /** The endpoint. */
  provider: z.string(),
  simulated: z.boolean(),
  model_asked: z.string(),
  /** Counts from 1 within a question. */
  attempt: z.int().min(1),
  /** It was asked again because the first answer was not valid. */
  repair: z.boolean(),
  streamed: z.boolean(),
  /** HTTP requests that left: one, or none where something here stood against it. */
  requests: count,
  status: z.int().min(100).max(599).nullable(),
  request_id: z.string().nullable(),
  /** All input, with what the vendor read from its cache and wrote to it. */
  input_tokens: count,
  output_tokens: count,
  cache_read_tokens: count,
  cache_write_tokens: count,
  /** By the endpoint's price table; null where the model has no price in it. */
  cost: costSchema.nullable(),
  latency_ms: count,
  /** Until the first text of a stream. */
  first_text_ms: count.nullable(),
};

/** Whom data is about: a principal of ours, somebody outside under a keyed name, or the house itself. */
export const subjectSchema = z.string().regex(/^(?:prn_[a-z0-9_-]{1,64}|sub_[0-9a-f]{32}|house)$/);
/** Keys that one record names at the most. */
export const ERASED_KEYS_MAX = 5000;
/** What a notification told of, and what that is about. */
const told = z
  .array(z.strictObject({ kind: z.enum([...NOTIFIED, 'test']), about: z.string().max(200) }))
  .min(1)
  .max(100);
/** A decision with the request that it judged, so that another policy can judge it anew (requirement C7). */
const judged = { decision: decisionSchema, request: jsonObjectSchema };
const evidenceSummary = z.strictObject({
  id: idSchema('evidence'),
  position: z.int().min(1),
  digest: digestSchema,
});

const findingSummary = z.strictObject({
  kind: z.string(),
  count,
  positions: z.array(z.int()),
  score: z.int().min(0).max(1000).optional(),
});

const documentSummary = z.strictObject({
  media_type: z.string(),
  digest: digestSchema,
  blocks: count,
  truncated: z.boolean(),
  findings: z
    .array(
      z.strictObject({
        kind: z.string(),
        severity: z.enum(['info', 'low', 'high']),
        part: z.string(),
        unit: z.string(),
        start: count,
        end: count,
        detail: z.string().max(400),
        removed: z.string().max(400).optional(),
      }),
    )
    .max(100),
  findings_left_out: count,
});

/** The model endpoints that a process asks, in the order in which they are tried. */
const endpointsSchema = z.array(
  z.strictObject({
    name: z.string(),
    model: z.string(),
    where: z.enum(ENDPOINT_PLACES),
    clearance: clearanceSchema,
    simulated: z.boolean(),
  }),
);

/**
 * Every type of record with the schema of its data: a closed set (requirement G1). Data may hold personal values and
 * secrets when it comes in; `audit` redacts it before anything is stored.
 */
export const RECORD_TYPES = {
  // The house itself.
  'system.started': z.strictObject({
    version: z.string(),
    environment: z.string(),
    policy_version: digestSchema,
    workflows: z.array(z.string()),
    endpoints: endpointsSchema,
  }),
  'system.stopped': z.strictObject({ reason: z.string() }),
  /**
   * What a server runs by differs from the last time: parts of its configuration, tool contracts, sources, workflows,
   * policy, the database's schema. By digest: values stand in the files that were read.
   */
  'config.changed': z.strictObject({
    /** The account of the operating system that runs it. */
    by: z.string().max(128),
    changes: z.array(z.strictObject({ part: z.string().max(300), change: z.enum(['added', 'changed', 'removed']) })),
    in_force: z.record(z.string().max(300), digestSchema),
  }),
  /** An executor that runs apart begins to take grants, and ends. */
  'executor.started': z.strictObject({
    executor: nameSchema,
    jkt: z.string().max(64),
    version: z.string(),
    by: z.string().max(128),
    in_force: z.record(z.string().max(300), digestSchema),
  }),
  'executor.stopped': z.strictObject({ executor: nameSchema, jkt: z.string().max(64) }),
  /** A reasoner that runs apart begins to carry runs, and ends. */
  'reasoner.started': z.strictObject({
    reasoner: z.string().max(128),
    version: z.string(),
    by: z.string().max(128),
    endpoints: endpointsSchema,
    in_force: z.record(z.string().max(300), digestSchema),
  }),
  'reasoner.stopped': z.strictObject({ reasoner: z.string().max(128) }),
  'policy.loaded': z.strictObject({ policy_version: digestSchema, rules: z.array(z.string()) }),
  'release.loaded': z.strictObject({
    workflow: nameSchema,
    release: digestSchema,
    files: z.array(z.strictObject({ path: z.string(), digest: digestSchema })),
  }),
  /** A release came into the register: a signed bundle, or the files that a server was started with. */
  'release.added': z.strictObject({
    workflow: nameSchema,
    release: digestSchema,
    version: z.string().max(64),
    portreeve: z.string().max(64),
    origin: z.enum(RELEASE_ORIGINS),
    signed_by: z.array(z.string().max(128)).max(8),
    /** Bytes of the bundle; null where there is none. */
    bytes: count.nullable(),
  }),
  /** A signed report on a release was attached to it. */
  'release.evidence': z.strictObject({
    workflow: nameSchema,
    release: digestSchema,
    evidence: digestSchema,
    kind: z.enum(REPORT_KINDS),
    ok: z.boolean(),
    figures: z.record(z.string().max(64), z.int()),
    cases: count,
    ended: z.iso.datetime(),
    signed_by: z.array(z.string().max(128)).max(8),
  }),
  /** What was brought as a release or as evidence, and was not taken. */
  'release.turned_away': z.strictObject({
    what: z.enum(['bundle', 'evidence']),
    digest: digestSchema,
    code: z.string().max(64),
    reason: z.string().max(1000),
  }),
  /** A release changed its state in the register. */
  'release.moved': z.strictObject({
    workflow: nameSchema,
    release: digestSchema,
    event: z.enum(RELEASE_EVENTS),
    from: z.enum(RELEASE_STATES),
    to: z.enum(RELEASE_STATES),
    reason: z.string().max(1000),
    /** The release that it took the place of, or that took its place. */
    other: digestSchema.nullable(),
    /** The step of its rollout that it entered or left, counted from 1. */
    step: z.int().min(1).max(8).optional(),
  }),
  /** A new or changed tool, source, model, definition, right or policy: the change that its owners decide on. */
  'change.opened': z.strictObject({
    change: idSchema('change'),
    kind: z.enum(CHANGE_KINDS),
    subject: z.string().max(400),
    from: digestSchema.nullable(),
    to: digestSchema,
    workflows: z.array(nameSchema).max(1000),
    owners: z.array(z.string().max(128)).max(3000),
    risk: z.enum(RISK_TIERS),
    reason: z.string().max(1000),
    /** What is otherwise, in words; what loosens comes first. */
    says: z.array(z.string().max(400)).max(50),
    pieces: count,
    looser: count,
  }),
  /** A change of surface was decided on, or there is nothing to decide any more. */
  'change.moved': z.strictObject({
    change: idSchema('change'),
    kind: z.enum(CHANGE_KINDS),
    subject: z.string().max(400),
    event: z.enum(CHANGE_EVENTS),
    from: z.enum(CHANGE_STATES),
    to: z.enum(CHANGE_STATES),
    reason: z.string().max(1000),
    /** The reports of tests and red teams that an approval rests on. */
    evidence: z.array(digestSchema).max(2000),
  }),
  /** A run began on a release that is in a pilot. A shadow is a copy of another run: nothing of it is ever carried out. */
  'release.piloted': z.strictObject({
    workflow: nameSchema,
    release: digestSchema,
    step: z.int().min(1).max(8),
    kind: z.enum(['shadow', 'users', 'share']),
    shadow_of: idSchema('run').nullable(),
  }),
  'environment.changed': z.strictObject({
    subject: z.string(),
    state: z.string(),
    reason: z.string(),
    /** From and until when, where it does not hold at once and until further notice. */
    from: z.iso.datetime().nullable(),
    until: z.iso.datetime().nullable(),
  }),
  'key.created': z.strictObject({ purpose: z.string(), key_id: z.string(), public_key: z.string() }),
  /** Somebody changed the embedded keystore: the name alone, never a value. */
  'secret.changed': z.strictObject({
    change: z.enum(['set', 'removed', 'rotated']),
    secret: nameSchema.nullable(),
    at: z.iso.datetime(),
    /** The account of the operating system. */
    by: z.string().max(128),
  }),
  /** What became of a minted credential that was not simply taken back after its call. */
  'credential.lease': z.strictObject({
    credential: nameSchema,
    state: z.enum(['left_open', 'revoked', 'expired']),
    expires_at: z.iso.datetime(),
  }),

  // Who asks.
  'identity.account_created': z.strictObject({
    account: idSchema('principal'),
    name: z.string(),
    kind: z.enum(PRINCIPAL_KINDS),
    roles: z.array(z.enum(ROLES)),
    groups: z.array(z.string()),
    signing_key: z.string().nullable(),
  }),
  'identity.signed_in': z.strictObject({
    account: idSchema('principal'),
    session: idSchema('session'),
    expires_at: z.iso.datetime(),
  }),
  'identity.sign_in_failed': z.strictObject({
    name: z.string().max(200),
    reason: z.enum(['unknown_or_wrong', 'locked']),
  }),
  'identity.proven': z.strictObject({ session: idSchema('session') }),
  'identity.signed_out': z.strictObject({ session: idSchema('session') }),
  'identity.token_created': z.strictObject({
    token: idSchema('token'),
    label: z.string(),
    roles: z.array(z.enum(ROLES)),
    expires_at: z.iso.datetime(),
  }),
  'identity.token_revoked': z.strictObject({ token: idSchema('token') }),
  /** The identity provider says something else of a person, or the project of a laptop has further groups. */
  'identity.account_changed': z.strictObject({
    account: idSchema('principal'),
    roles: z.array(z.enum(ROLES)),
    groups: z.array(z.string()),
  }),
  /** A person's first signing key: one that is there is not replaced. */
  'identity.signing_key_registered': z.strictObject({ account: idSchema('principal'), public_key: z.string() }),
  /** A leave to enrol one passkey, which an administrator gave somebody. */
  'identity.passkey_invited': z.strictObject({ account: idSchema('principal'), expires_at: z.iso.datetime() }),
  /** A passkey of this person was asked to sign something. */
  'identity.passkey_challenged': z.strictObject({
    purpose: z.enum(['verdict', 'enrolment']),
    expires_at: z.iso.datetime(),
  }),
  'identity.passkey_enrolled': z.strictObject({
    account: idSchema('principal'),
    passkey: idSchema('passkey'),
    ...passkeyKeySchema.shape,
    /** Where it signs, and nowhere else. */
    rp_id: z.string(),
    origin: z.string(),
    device_bound: z.boolean(),
    /** The model of the authenticator, as it says itself. */
    aaguid: z.string().max(64),
    /** What vouched for it: an administrator, or a key that the person had. */
    by: z.enum(['invitation', 'key', 'passkey']),
  }),
  'identity.passkey_revoked': z.strictObject({
    account: idSchema('principal'),
    passkey: idSchema('passkey'),
    handle: z.string(),
    /** `cloned`: its counter went back, so two of it are about. */
    why: z.enum(['owner', 'administrator', 'cloned']),
  }),
  'identity.session_rotated': z.strictObject({
    session: idSchema('session'),
    replaces: idSchema('session'),
    expires_at: z.iso.datetime(),
  }),
  'identity.sessions_ended': z.strictObject({
    account: idSchema('principal'),
    sessions: z.array(idSchema('session')),
    /** Whether the access tokens made for this account were refused from then on, too. */
    access_tokens: z.boolean(),
  }),
  'identity.token_rotated': z.strictObject({
    token: idSchema('token'),
    replaces: idSchema('token'),
    expires_at: z.iso.datetime(),
    /** Until when the replaced one works beside the new one. */
    replaced_until: z.iso.datetime(),
  }),
  /** A workload's token, seen by this process for the first time. */
  'identity.workload_signed_in': z.strictObject({
    account: idSchema('principal'),
    rule: z.string(),
    issuer: z.string(),
    subject: z.string(),
    expires_at: z.iso.datetime(),
  }),
  'identity.delegated': z.strictObject({
    token: idSchema('token'),
    subject: idSchema('principal'),
    agent: idSchema('principal'),
    scope: z.string(),
    expires_at: z.iso.datetime(),
  }),
  'identity.token_exchanged': z.strictObject({
    token: idSchema('token'),
    subject: idSchema('principal'),
    agent: idSchema('principal'),
    /** Who acted before, outermost first: information only (RFC 8693, 4.1). */
    earlier: z.array(actorSchema),
    scope_asked: z.string().nullable(),
    scope: z.string(),
    environment: z.enum(ENVIRONMENTS),
    expires_at: z.iso.datetime(),
  }),
  'identity.access_revoked': z.strictObject({ kind: z.enum(['jti', 'subject', 'agent']), value: z.string() }),
  'identity.agent_registered': z.strictObject({
    agent: idSchema('principal'),
    name: z.string(),
    owner: idSchema('principal'),
    purpose: z.string(),
    roles: z.array(z.enum(ROLES)),
    groups: z.array(z.string()),
    tools: z.array(nameSchema),
    data: clearanceSchema,
    environment: z.enum(ENVIRONMENTS),
    review_by: z.iso.datetime(),
  }),
  'identity.agent_changed': z.strictObject({
    agent: idSchema('principal'),
    event: z.string(),
    from: z.string(),
    to: z.string(),
    reason: z.string(),
    review_by: z.iso.datetime(),
    tokens_revoked: z.array(idSchema('token')),
  }),
  /** What an agent that is suspended or retired had in hand: approvals that waited and grants that nobody had used. */
  'identity.holdings_revoked': z.strictObject({
    agent: idSchema('principal'),
    approvals: z.array(idSchema('approval')),
    grants: z.array(idSchema('grant')),
  }),
  /** A sign-in, an exchange or a workload's token that was refused, with the cause that its sender is not told. */
  'identity.refused': z.strictObject({
    way: z.enum(['local', 'oidc', 'workload', 'access_token', 'exchange', 'passkey']),
    reason: z.string().regex(/^[a-z_]{1,64}$/),
    /** The rule, issuer or agent it was about, as far as it is known to us; never text of the sender. */
    about: z.string().max(256).nullable(),
  }),

  // The faces: each authorized read and each refused call, whatever its route.
  'api.read': z.strictObject({ operation: z.string(), target: z.string() }),
  'api.refused': z.strictObject({
    operation: z.string(),
    target: z.string(),
    code: z.string(),
    decision: decisionSchema.nullable(),
    request: jsonObjectSchema.nullable(),
  }),

  /** What another system asked about somebody, and what it was told. It grants nothing (AuthZEN). */
  'authzen.evaluated': z.strictObject({
    semantic: z.string().nullable(),
    request_id: z.string().max(256).nullable(),
    evaluations: z.array(
      z.strictObject({
        /** Null, with `action` and `resource`, where the evaluation could not be read. */
        subject: z.strictObject({ type: z.string(), id: z.string() }).nullable(),
        action: z.string().nullable(),
        resource: z.strictObject({ type: z.string(), id: z.string() }).nullable(),
        decision: z.boolean(),
        outcome: z.enum(OUTCOMES),
        decision_id: idSchema('decision').nullable(),
        codes: z.array(z.string()),
        request_digest: digestSchema.nullable(),
      }),
    ),
  }),

  // The way of a task.
  'run.submitted': z.strictObject({
    workflow: nameSchema,
    input_digest: digestSchema,
    input: jsonObjectSchema,
    attachments: z.array(
      z.strictObject({ name: z.string(), media_type: z.string(), bytes: count, digest: digestSchema }),
    ),
    /** The run that it is a shadow of: nothing of it is ever carried out. */
    shadow_of: idSchema('run').optional(),
  }),
  'run.admitted': z.strictObject({ ...judged, tier: z.string() }),
  'run.refused': z.strictObject(judged),
  'run.recovered': z.strictObject({ from_executor: z.string(), by_executor: z.string() }),
  'run.ended': z.strictObject({
    state: z.enum(['completed', 'refused', 'handed_off', 'failed']),
    ending: z.string(),
    result: jsonObjectSchema.nullable(),
  }),
  'source.read': z.strictObject({
    source: nameSchema,
    version: z.string(),
    query: jsonObjectSchema,
    available: count,
    read: count,
    fields: z.array(z.string()),
    fields_left_out: z.array(z.string()),
    cut_values: count,
    label: labelSchema,
    findings: z.array(findingSummary),
    evidence: z.array(evidenceSummary),
    ...judged,
    /** Of a document: what its bytes are, and the gravest findings with what was taken out. */
    document: documentSummary.optional(),
    /** Fields that stand as a mark, because they may not be kept. */
    not_kept: z.array(z.string()).optional(),
  }),
  'source.refused': z.strictObject({ source: z.string(), ...judged }),
  /** What a tool answered, as the piece of evidence that an agent is shown of it; `execution.result` has it as it came. */
  'tool.answered': z.strictObject({
    tool: nameSchema,
    version: z.string(),
    label: labelSchema,
    findings: z.array(findingSummary),
    evidence: evidenceSummary,
  }),
  /** A workflow's code asked for a tool that the workflow does not declare, so that there is no proposal of it. */
  'tool.refused': z.strictObject({ tool: z.string(), missing: z.literal('scope.tools'), ...judged }),
  /** The same of a prompt. Policy judges where a question goes, not which one it is: this refusal is the workflow's own. */
  'prompt.refused': z.strictObject({ prompt: z.string(), missing: z.literal('scope.prompts'), reason: z.string() }),
  'source.failed': z.strictObject({ source: nameSchema, reason: z.string() }),
  'prompt.assembled': z.strictObject({
    prompt: nameSchema,
    version: z.string(),
    prompt_digest: digestSchema,
    system_digest: digestSchema,
    input_digest: digestSchema,
    evidence_shown: count,
    evidence_left_out: count,
    /** Which pieces the model saw, in their order: `source.read`, `tool.answered` or `values` says where each comes from. */
    evidence: z.array(idSchema('evidence')),
    /** Pieces that are the value of an input which no source gave, such as an earlier answer: what it was made from. */
    values: z
      .array(z.strictObject({ id: idSchema('evidence'), input: z.string(), origins: z.array(z.string()) }))
      .optional(),
    /** What was left out for want of room, by the input and the source that it came with. */
    left_out: z
      .array(z.strictObject({ input: z.string(), source: z.string(), pieces: count, shown: count }))
      .optional(),
    /** What was not shown because its life is over, or because it may not enter this prompt. */
    withheld: z
      .array(
        z.strictObject({
          input: z.string(),
          source: z.string(),
          why: z.enum(['cleared', 'not_for_this_prompt']),
          fields: z.array(z.string()),
          items: count,
        }),
      )
      .optional(),
    tokens_estimated: count,
    label: labelSchema,
    /** Where it goes; each endpoint that comes before it in the configuration has an `endpoint.refused`. */
    endpoint: z.string(),
    /** How many places pseudonyms took, by kind; null where it goes as it is. */
    deidentified: z.record(z.string(), count).nullable(),
    /** How many places looked like a credential and were taken out, where the workflow wants that. */
    secrets_redacted: count.optional(),
    injection: z.int().min(0).max(1000),
    ...judged,
  }),
  /** Policy did not let a question go to this endpoint, as it was or de-identified. */
  'endpoint.refused': z.strictObject({
    prompt: nameSchema,
    endpoint: z.string(),
    deidentified: z.boolean(),
    ...judged,
  }),
  /** An endpoint that policy permits did not take a question, so the next one was looked for. */
  'endpoint.passed_over': z.strictObject({
    prompt: nameSchema,
    endpoint: z.string(),
    /** Null: it was left alone, and nothing was sent. */
    call: idSchema('call').nullable(),
    code: z.string(),
    reason: z.string(),
  }),
  /** A question waits for an endpoint: its answer is late, and nothing is lost. */
  'question.waits': z.strictObject({
    prompt: nameSchema,
    code: z.string(),
    reason: z.string(),
    /** A person gets it then. Null: it waits as long as it takes, for its turn. */
    until: z.iso.datetime().nullable(),
  }),
  /** No endpoint answered, and the answer that the workflow declares for that stands in for a model's. */
  'question.degraded': z.strictObject({ prompt: nameSchema, reason: z.string(), output_digest: digestSchema }),
  /** A question could not be de-identified, so it went to no endpoint that needs it. */
  'deidentification.failed': z.strictObject({ prompt: nameSchema, reason: z.string() }),
  /** An attempt that brought an answer, whatever it was worth (requirement E8). Nothing of question or answer is in it. */
  'model.answered': z.strictObject({
    ...attemptShape,
    model_answered: z.string(),
    stop_reason: z.string(),
    output_category: z.enum(['valid', 'wishes', 'invalid', 'refusal', 'truncated', 'empty', 'other']),
  }),
  /** An attempt that brought none. What the vendor counted of it before it failed is on record too. */
  'model.attempt_failed': z.strictObject({
    ...attemptShape,
    kind: z.string(),
    /** Whether the same question may be answered later. */
    transient: z.boolean(),
    retry_after_ms: count.nullable(),
    reason: z.string(),
  }),
  'model.failed': z.strictObject({
    call: idSchema('call'),
    prompt: nameSchema,
    provider: z.string(),
    simulated: z.boolean(),
    model_asked: z.string(),
    attempts: count,
    code: z.string(),
    reason: z.string(),
  }),
  'output.validated': z.strictObject({
    prompt: nameSchema,
    output_digest: digestSchema,
    repaired: z.boolean(),
    cited: z.array(idSchema('evidence')),
    label: labelSchema,
    /** The answer was given in quarantine: the handle that stands for it, and what its bounded parts can say in bits. */
    quarantined: z.strictObject({ handle: z.string().max(16), bits: z.int().min(0) }).optional(),
    /** Claims that quote something, and those whose quoted passage does not stand where they say. */
    claims: z.strictObject({ count, unsupported: count }).optional(),
  }),
  /** When a person looks at an answer, and why (requirement A4). */
  'step.judged': z.strictObject({
    prompt: nameSchema,
    step: z.enum(STEP_KINDS),
    review: z.enum(REVIEWS),
    rule: z.string().max(64),
    reason: z.string().max(300),
    /** What the model said of its confidence, in per cent, and what that is worth by the step's tests. */
    confidence_percent: z.int().min(0).max(100).nullable(),
    calibrated_per_mille: z.int().min(0).max(1000).nullable(),
    threshold_per_mille: z.int().min(0).max(1000).nullable(),
    unsupported_claims: count,
    /** The model says that what it was shown supports no answer. */
    off_pattern: z.boolean().optional(),
  }),
  /** The workflow's code was shown which of a few words a value is; `null`: none of them. */
  'outcome.seen': z.strictObject({
    outcomes: z.array(z.string().max(128)).max(16),
    outcome: z.string().max(128).nullable(),
  }),
  'output.rejected': z.strictObject({ prompt: nameSchema, errors: z.array(z.string()), repair_follows: z.boolean() }),

  // The way of a proposal.
  /** Values came back in place of pseudonyms, for a tool that is cleared for them; others stayed. Counts by kind. */
  'arguments.restored': z.strictObject({
    tool: nameSchema,
    restored: z.record(z.string(), count),
    withheld: z.record(z.string(), count),
  }),
  /** The end of a run: nobody can tell any more what its pseudonyms stood for. */
  'pseudonyms.erased': z.strictObject({ count }),
  /** What so many runs of a workflow read, were answered and had attached is deleted: its days are over. */
  'values.removed': z.strictObject({ runs: count, days: count }),
  'proposal.submitted': z.strictObject({
    digest: digestSchema,
    tool: nameSchema,
    tool_version: z.string(),
    args: jsonObjectSchema,
    args_digest: digestSchema,
    rationale: z.string(),
    evidence: z.array(idSchema('evidence')),
    influence: labelSchema,
    provenance: z.array(provenanceSchema),
    /** It only shows beforehand what this proposal would do. */
    preview_of: idSchema('proposal').optional(),
    /** A reviewer proposed it in place of another. */
    amends: amendsSchema.optional(),
  }),
  /** Policy narrowed it: what follows is about the arguments as they are now. */
  'proposal.narrowed': z.strictObject({
    from_digest: digestSchema,
    digest: digestSchema,
    profiles: z.array(nameSchema).min(1),
    args: jsonObjectSchema,
    args_digest: digestSchema,
  }),
  'decision.made': z.strictObject({
    ...judged,
    proposal_digest: digestSchema,
    phase: z.enum(['submit', 'after_approval', 'at_use']),
  }),
  'approval.requested': z.strictObject({
    proposal_digest: digestSchema,
    groups: z.array(z.string()),
    quorum: z.int().min(0),
    /** Each demand by itself, where there are several; left out: the quorum, of all the groups. */
    demands: z.array(demandSchema).min(2).optional(),
    /** Who must confirm it besides; left out: nobody. */
    confirm_by: idSchema('principal').optional(),
    /** What an approving verdict must be signed with at the least; left out: any registered key. */
    signature: z.enum(VERDICT_SIGNATURES).exclude(['key']).optional(),
    /** Letters and digits that the reason of each verdict must have; left out: none. */
    reason_chars_min: z.int().min(1).optional(),
    expires_at: z.iso.datetime(),
    /** What the approver is shown beforehand, or why it is not there; only where the tool offers a dry run. */
    preview: z
      .strictObject({
        digest: digestSchema,
        proposal: idSchema('proposal').nullable(),
        execution: idSchema('execution').nullable(),
        missing: z.enum(PREVIEW_GAPS).nullable(),
      })
      .optional(),
  }),
  'approval.verdict': z.strictObject({ verdict: signedVerdictSchema }),
  /** Given in another’s place, by a delegation. */
  'approval.stood_in': z.strictObject({ in_place_of: idSchema('principal'), verdict: z.string() }),
  /** Somebody is told again that it waits; or the owners’ way of escalation is. */
  'approval.nudged': z.strictObject({
    kind: z.enum(['remind', 'escalate']),
    groups: z.array(z.string()),
    expires_at: z.iso.datetime(),
  }),
  'approval.delegated': z.strictObject({
    delegation: idSchema('approval_delegation'),
    delegate: idSchema('principal'),
    groups: z.array(z.string()).min(1),
    until: z.iso.datetime(),
    reason: z.string().max(500),
  }),
  'approval.delegation_ended': z.strictObject({ delegation: idSchema('approval_delegation') }),
  /**
   * A test proposal is planted. Which it is, is sealed until it is closed: the SHA-256 of the RFC 8785 text of `v`, `nonce`,
   * `run`, `workflow`, `case` and `wrong`, as `oversight.opened` tells them.
   */
  'oversight.planted': z.strictObject({ commitment: digestSchema }),
  /** A planted proposal was decided on. Nothing of it was, or can be, carried out. */
  'oversight.opened': z.strictObject({
    commitment: digestSchema,
    nonce: z.string(),
    run: idSchema('run'),
    workflow: nameSchema,
    case: nameSchema,
    wrong: z.string(),
    approval: idSchema('approval'),
    groups: z.array(z.string()),
    state: z.enum(APPROVAL_STATES),
  }),
  /**
   * How a reviewer decides looks like stamping, by this rule: `counted` of `of` decisions since then, of which the newest
   * stand in `records`. It changes nothing of what was decided; the owners of the workflow are told.
   */
  'oversight.alarm': z.strictObject({
    account: idSchema('principal'),
    alarm: z.enum(OVERSIGHT_ALARMS),
    rule: z.string().max(200),
    counted: count,
    of: count,
    since: z.iso.datetime(),
    groups: z.array(z.string()),
    records: z.array(z.string().max(80)).max(200),
  }),
  /** What a reviewer's browser says of how long the page of an approval was in view, in all so far. Nothing rests on it. */
  'approval.viewed': z.strictObject({ visible_ms: z.int().min(0), reports: z.int().min(1) }),
  'approval.refused_verdict': z.strictObject({ code: z.string(), verdict: z.string() }),
  /** A reviewer proposed other arguments: the proposal and the approval that took the place of these. */
  'approval.amended': z.strictObject({
    from_digest: digestSchema,
    proposal: idSchema('proposal'),
    proposal_digest: digestSchema,
    approval: idSchema('approval'),
    reason: z.string().max(2000),
  }),
  'approval.closed': z.strictObject({
    state: z.enum(APPROVAL_STATES),
    /** `revocation`: an agent that asked, or acted for who asked, was suspended or retired. */
    by: z.enum(['person', 'time-out', 'requester', 'revocation']),
  }),
  'grant.issued': z.strictObject({
    proposal_digest: digestSchema,
    args_digest: digestSchema,
    audience: z.string(),
    expires_at: z.iso.datetime(),
    approvals: z.array(idSchema('approval')),
  }),
  'grant.refused': z.strictObject({ code: z.string(), reason: z.string() }),
  'execution.intent': z.strictObject({
    proposal_digest: digestSchema,
    args_digest: digestSchema,
    tool: nameSchema,
    tool_version: z.string(),
    idempotency_key: z.string(),
  }),
  'execution.result': z.strictObject({
    state: z.enum(['succeeded', 'failed', 'unknown']),
    http_status: z.int().nullable(),
    reason: z.string().nullable(),
    result: jsonSchema.nullable(),
    result_digest: digestSchema.nullable(),
    duration_ms: count,
    late: z.boolean(),
  }),
  /** Nobody knows what became of a call, and the house sets out to learn it. */
  'settlement.planned': z.strictObject({
    execution: idSchema('execution'),
    reason: z.string(),
    way: z.enum(SETTLING_WAYS),
    at: z.iso.datetime(),
  }),
  'settlement.tried': z.strictObject({
    way: z.enum(SETTLING_WAYS),
    number: z.int().min(1),
    came: z.enum(SETTLED),
    reason: z.string(),
    /** The call that was made with the same key. */
    execution: idSchema('execution').nullable(),
    /** The question to the status tool. */
    asked: idSchema('proposal').nullable(),
    next_at: z.iso.datetime().nullable(),
  }),
  'settlement.ended': z.strictObject({
    came: z.enum(SETTLED),
    by: z.enum(['retry', 'status', 'tries', 'policy', 'person']),
    tries: count,
    note: z.string().max(4000).nullable(),
  }),
  /** Somebody asked that an effect be taken back: what follows is a proposal of its own. */
  'undo.requested': z.strictObject({
    undoes: idSchema('proposal'),
    execution: idSchema('execution'),
    tool: nameSchema,
    number: z.int().min(1),
    reason: z.string().max(1000),
  }),
  /** Somebody asked, and there was nothing that could be taken back. */
  'undo.refused': z.strictObject({ code: z.enum(UNDO_REFUSALS), reason: z.string().max(1000) }),
  'undo.ended': z.strictObject({
    undoes: idSchema('proposal'),
    execution: idSchema('execution'),
    state: z.enum(UNDO_STATES),
    why: z.string().nullable(),
    handoff: idSchema('handoff').nullable(),
  }),
  /** Somebody, or the workflow itself, asked that all that a run did be taken back, latest first. */
  'unwinding.begun': z.strictObject({
    number: z.int().min(1),
    reason: z.string().max(1000),
    effects: z.array(idSchema('proposal')),
  }),
  'unwinding.ended': z.strictObject({
    state: z.enum(UNWIND_STATES),
    undone: z.array(idSchema('proposal')),
    /** What stands, and why. */
    left: z.array(z.strictObject({ proposal: idSchema('proposal'), tool: nameSchema, why: z.string() })),
    handoff: idSchema('handoff').nullable(),
  }),
  'notice.posted': z.strictObject({ groups: z.array(z.string()).min(1), text: z.string().max(4000) }),
  /** A channel took one message: what it told of, each with what that is about. `test`: somebody tried the channel. */
  'notification.sent': z.strictObject({
    channel: nameSchema,
    told,
  }),
  /** A channel did not take it, and it is not tried again. */
  'notification.failed': z.strictObject({
    channel: nameSchema,
    told,
    tries: count,
    problem: z.string().max(500),
  }),
  'handoff.opened': z.strictObject({ kind: z.enum(HANDOFF_KINDS), why: z.string() }),
  /** Somebody has it now: took it, or was given it. */
  'handoff.assigned': z.strictObject({ to: idSchema('principal'), from: idSchema('principal').nullable() }),
  /** It went up: its time was over, or somebody said so. */
  'handoff.escalated': z.strictObject({
    level: z.int().min(1),
    by: z.enum(['time', 'person']),
    group: z.string().nullable(),
    due_at: z.iso.datetime(),
    reason: z.string().max(1000),
  }),
  'handoff.closed': z.strictObject({
    note: z.string(),
    /** What the person gave back to the run that waited: a trusted value of that person, as secret as what they saw. */
    result: z.strictObject({ digest: digestSchema, changed: z.boolean().nullable(), label: labelSchema }).optional(),
  }),

  // Agents outside, and what they may use.
  'agent.session_opened': z.strictObject({ session: idSchema('agent_session') }),
  /** What the session says it will do. `task` is the digest of what it gives as the words of whoever asked. */
  'agent.intent_declared': z.strictObject({
    session: idSchema('agent_session'),
    change: z.enum(['declared', 'narrowed']),
    task: digestSchema.nullable(),
    calls: z.array(z.strictObject({ tool: nameSchema, times: count })).max(128),
  }),
  'agent.session_ended': z.strictObject({
    session: idSchema('agent_session'),
    why: z.enum(['idle', 'person']),
    integrity: z.enum(['trusted', 'internal', 'untrusted']),
    proposals: count,
  }),
  /** A client of a revision of MCP before 2026-07-28 has opened a connection, or ended it. `client` is what it calls itself. */
  'mcp.connection': z.strictObject({ event: z.enum(['opened', 'ended']), client: z.string().max(128).nullable() }),
  /** An upstream shows a tool that nobody has approved as it is: it is withheld. */
  'mcp.definition_withheld': z.strictObject({
    upstream: nameSchema,
    tool: z.string().max(128),
    definition: digestSchema,
    /** The approved one that it takes the place of. */
    replaces: digestSchema.nullable(),
    findings: z.array(z.string().max(64)).max(64),
  }),
  'mcp.definition_decided': z.strictObject({
    upstream: nameSchema,
    tool: z.string().max(128),
    definition: digestSchema,
    verdict: z.enum(['approved', 'withdrawn']),
    reason: z.string().max(1000),
  }),

  // The record itself (requirement G7).
  'audit.read': z.strictObject({ operation: z.string(), filter: jsonObjectSchema, results: count }),
  /** The records below an index were taken out of the database, to be kept elsewhere. Their hashes stay. */
  'audit.detached': z.strictObject({ below: count, before: z.iso.datetime() }),
  /** Somebody wants the data of a person to be erased; another one confirms it or not. */
  'audit.erasure_requested': z.strictObject({
    erasure: idSchema('erasure'),
    subject: subjectSchema,
    reason: z.string(),
  }),
  'audit.erasure_refused': z.strictObject({
    erasure: idSchema('erasure'),
    by: z.enum(['person', 'hold']),
    holds: z.array(idSchema('hold')),
    reason: z.string(),
  }),
  /** These keys are gone, and with them all that was sealed with one of them. Large ones take several records. */
  'audit.erased': z.strictObject({
    cause: z.enum(['erasure', 'retention']),
    erasure: idSchema('erasure').nullable(),
    subject: subjectSchema.nullable(),
    requested_by: z.string().max(128).nullable(),
    keys: z.array(idSchema('key')).max(ERASED_KEYS_MAX),
    /** How many of these keys there were, by what they sealed. */
    purposes: z.record(z.string(), count),
  }),
  'audit.hold_set': z.strictObject({ hold: idSchema('hold'), target: z.string().max(200), reason: z.string() }),
  'audit.hold_lifted': z.strictObject({ hold: idSchema('hold'), target: z.string().max(200), reason: z.string() }),
  /** Another root key wraps from now on. */
  'audit.root_rotated': z.strictObject({ root: z.string().max(300) }),
  /** Subject keys were wrapped anew by another root key; what they seal was not touched. */
  'audit.keys_rewrapped': z.strictObject({ root: z.string().max(300), keys: count }),
  /** Somebody wants to know what stands behind a mark of the record. The value itself is in no record. */
  'audit.reveal_requested': z.strictObject({
    reveal: idSchema('reveal'),
    mark: z.string().max(64),
    run: idSchema('run').nullable(),
    reason: z.string(),
    /** Whether another person must allow it first. */
    second_person: z.boolean(),
  }),
  'audit.reveal_decided': z.strictObject({
    reveal: idSchema('reveal'),
    decision: z.enum(['allowed', 'refused']),
    reason: z.string().nullable(),
  }),
  /** Written before the value is shown. `found`: where it lay; null where it is kept no more, and nothing was shown. */
  'audit.revealed': z.strictObject({
    reveal: idSchema('reveal'),
    mark: z.string().max(64),
    found: idSchema('run').nullable(),
  }),
  'audit.verified': z.strictObject({
    size: count,
    ok: z.boolean(),
    first_bad_index: count.nullable(),
    problem: z.string().nullable(),
  }),
  /** An anchor or a witness of the log fails, works again, or has seen records that the log does not hold. */
  'audit.place': z.strictObject({
    kind: z.enum(['anchor', 'witness']),
    name: nameSchema,
    state: z.enum(['unseen', 'working', 'failing', 'ahead']),
    /** How many records it is known to have seen. */
    size: count.nullable(),
    detail: z.string().max(1000).nullable(),
  }),
  /** What a workflow does is no longer what it did, and chance does not explain it (requirement H6). */
  'drift.alarm': z.strictObject({
    metric: nameSchema,
    /** The prompt; null where it is of the whole workflow. */
    step: nameSchema.nullable(),
    /** Compared with what was before a change, or with how it began. */
    by: z.enum(['change', 'time']),
    reference_count: count,
    value: z.string().max(2000),
    before_per_mille: z.int().min(0).max(1000),
    after_per_mille: z.int().min(0).max(1000),
    after_count: count,
    at_index: count,
    /** The change that is nearest in time. */
    nearest: z
      .strictObject({
        kind: z.enum(['release', 'model', 'prompt', 'policy']),
        about: nameSchema.nullable(),
        from: z.string().max(500),
        to: z.string().max(500),
        index: count,
        time: z.iso.datetime(),
      })
      .nullable(),
  }),
  /** A workflow did not meet a threshold of its own while it ran, and was frozen (requirement H4). */
  'workflow.suspended': z.strictObject({
    threshold: nameSchema,
    value: z.int(),
    bound: z.int(),
    counted: count,
    since: z.iso.datetime(),
  }),
  /** A report of evidence for a framework was made, and shown to who asked (requirement H8). */
  'evidence.reported': evidenceReportedSchema,
  /** A backup of everything is being made: it reads all that there is. */
  'backup.begun': z.strictObject({ backup: idSchema('backup') }),
  'backup.ended': z.strictObject({
    backup: idSchema('backup'),
    state: z.enum(['made', 'failed']),
    /** The tree of each log that it holds, by the log's origin, and the SHA-256 digests of its two manifests. */
    made: z
      .strictObject({
        trees: z.array(z.strictObject({ log: z.string().max(200), size: count, root: z.string().max(64) })).max(64),
        log: digestSchema,
        keys: digestSchema,
      })
      .nullable(),
    /** Earlier backups whose time was over, and that were removed. */
    removed: z.array(z.strictObject({ backup: idSchema('backup'), archive: z.enum(['log', 'keys']) })).max(1000),
    detail: z.string().max(1000).nullable(),
  }),
  /**
   * The database was put back to a backup: what was recorded after it is lost. Each log says so of itself. `ahead`: the
   * anchors and witnesses that have seen records of this log which it does not hold any more, as somebody accepted.
   */
  'audit.restored': z.strictObject({
    backup: idSchema('backup'),
    made_at: z.iso.datetime(),
    size: count,
    root: z.string().max(64),
    ahead: z
      .array(z.strictObject({ kind: z.enum(['anchor', 'witness']), name: nameSchema, size: count.nullable() }))
      .max(64),
    /** Keys in the archive of keys that had been erased, and so were not put back. */
    erased_keys: count,
  }),
} as const satisfies Record<string, z.ZodType>;

export type RecordType = keyof typeof RECORD_TYPES;
export const RECORD_TYPE_NAMES = Object.keys(RECORD_TYPES) as [RecordType, ...RecordType[]];
export type RecordData<T extends RecordType> = z.input<(typeof RECORD_TYPES)[T]>;

/** Who did it: a principal with its `act` chain, or the house itself. */
export const recordActorSchema = z.strictObject({
  id: z.string().min(1).max(128),
  kind: z.enum([...PRINCIPAL_KINDS, 'system', 'anonymous']),
  name: z.string().max(128),
  act: z.array(actorSchema),
});
export type RecordActor = z.infer<typeof recordActorSchema>;
export const SYSTEM_ACTOR: RecordActor = { id: 'system', kind: 'system', name: 'portreeve', act: [] };
export const ANONYMOUS_ACTOR: RecordActor = { id: 'anonymous', kind: 'anonymous', name: 'anonymous', act: [] };

/** What a record is about; each can be searched by. */
export const recordRefsSchema = z.strictObject({
  run: idSchema('run').optional(),
  workflow: nameSchema.optional(),
  release: digestSchema.optional(),
  proposal: idSchema('proposal').optional(),
  decision: idSchema('decision').optional(),
  approval: idSchema('approval').optional(),
  grant: idSchema('grant').optional(),
  execution: idSchema('execution').optional(),
  handoff: idSchema('handoff').optional(),
  tool: nameSchema.optional(),
  policy_version: digestSchema.optional(),
  /** As the endpoint names it, version included. */
  model: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$/)
    .optional(),
  prompt: nameSchema.optional(),
  prompt_version: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._:+-]{0,127}$/)
    .optional(),
  /** Why: the reason codes of a decision, or the code of a refusal or failure. */
  codes: z
    .array(z.string().regex(/^[a-z][a-z0-9_.-]{0,63}$/))
    .max(32)
    .optional(),
});
type EntryRefs = z.infer<typeof recordRefsSchema>;
/**
 * What a record is about, as its writer gives it. INVARIANTS: who names a run names its workflow, so that all of a run
 * stands in the one log of its workflow; and its release, so that each record of it says which one it was (requirement H1).
 */
export type RecordRefs = Omit<EntryRefs, 'run' | 'workflow' | 'release'> &
  (
    | { readonly run: NonNullable<EntryRefs['run']>; readonly workflow: string; readonly release: string }
    | { readonly run?: undefined; readonly workflow?: string; readonly release?: string }
  );

/** What a table keeps for records to come. Throws a `TypeError` where it names a run without its workflow and release. */
export function storedRefs(text: string): RecordRefs {
  const { run, workflow, release, ...rest } = recordRefsSchema.parse(JSON.parse(text));
  const known = { ...rest, ...(workflow === undefined ? {} : { workflow }) };
  if (run === undefined) return { ...known, ...(release === undefined ? {} : { release }) };
  if (workflow === undefined || release === undefined)
    throw new TypeError('who names a run names its workflow and its release');
  return { ...rest, run, workflow, release };
}

/** Who did it, as the entry has it: ids alone. The name lies in the payload, where it can be erased. */
export const entryActorSchema = recordActorSchema.omit({ name: true });

/**
 * One entry of the log: these canonical bytes are the Merkle leaf. The payload lies beside it and is bound by its
 * digest, so that it can be erased while every proof stays valid (invariant 10).
 */
export const recordEntrySchema = z.strictObject({
  v: z.literal(1),
  id: idSchema('record'),
  log: z.string().min(1).max(200),
  index: count,
  time: z.iso.datetime(),
  type: z.enum(RECORD_TYPE_NAMES),
  actor: entryActorSchema,
  refs: recordRefsSchema,
  /** The keys that seal the payload together: without one of them it cannot be read. */
  keys: z.array(idSchema('key')).min(1).max(8),
  /** A short machine-readable result, such as `permit`, `approve`, `succeeded`; empty where there is none. */
  outcome: z.string().max(64),
  payload_digest: digestSchema,
});
export type RecordEntry = z.infer<typeof recordEntrySchema>;

/** What `payload_digest` is made from. The nonce keeps a guess at short data from being confirmed by the digest. */
export const recordPayloadSchema = z.strictObject({
  nonce: z.string(),
  actor_name: z.string().max(128),
  data: jsonObjectSchema,
});
export type RecordPayload = z.infer<typeof recordPayloadSchema>;

/** Why a payload cannot be read any more, and the record that says so. */
export const erasureMarkSchema = z.strictObject({
  cause: z.enum(['erasure', 'retention']),
  time: z.iso.datetime(),
  record: idSchema('record'),
});
export type ErasureMark = z.infer<typeof erasureMarkSchema>;

export interface AuditRecord {
  readonly entry: RecordEntry;
  /** `null` where it cannot be read: erased, or damaged (`verify` tells). */
  readonly payload: RecordPayload | null;
  readonly erased: ErasureMark | null;
}

/** A record before `audit` has given it an index and redacted it. */
export interface RecordDraft<T extends RecordType = RecordType> {
  /** Given where something else must refer to the record. */
  readonly id?: RecordId;
  readonly type: T;
  readonly actor: RecordActor;
  readonly refs?: RecordRefs;
  readonly outcome?: string;
  readonly data: RecordData<T>;
  /** Writes the record at most once for this key: a step that is repeated after a crash leaves no duplicate. */
  readonly key?: string;
}

/** Types a draft by its own record type. */
export function draft<T extends RecordType>(record: RecordDraft<T>): RecordDraft<T> {
  return record;
}
