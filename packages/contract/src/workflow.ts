import { z } from 'zod';
import { boundariesSchema, HOLDINGS } from './boundaries.ts';
import type { Json, JsonObject } from './canonical.ts';
import { digestSchema, jsonObjectSchema, jsonSchema } from './canonical.ts';
import type { Decision } from './decision.ts';
import { historySchema } from './history.ts';
import { type ApprovalId, type EvidenceId, type ExecutionId, type HandoffId, nameSchema, type RunId } from './ids.ts';
import type { Labelled } from './labelled.ts';
import { CATEGORIES, CONFIDENTIALITY, clearanceSchema, INTEGRITY, secrecySchema } from './labels.ts';
import { onOutageSchema } from './on-outage.ts';
import { claimsSchema, placeSchema, semanticCheckSchema } from './output-rules.ts';
import { plantedCaseSchema } from './planted.ts';
import type { Principal } from './principal.ts';
import { procedureSchema } from './procedure.ts';
import { regulationSchema } from './regulation.ts';
import { AUDIENCES, REVIEWS } from './review-rules.ts';
import { rolloutSchema } from './rollout.ts';
import { thresholdsSchema } from './thresholds.ts';
import { toolBindingSchema } from './tool-binding.ts';
import { statusSchema, undoSchema } from './tool-recovery.ts';
import type { UnwindOutcome } from './undo.ts';
import { unreviewedModelSchema } from './unreviewed-model.ts';

export const RISK_TIERS = ['low', 'medium', 'high', 'critical'] as const;
export type RiskTier = (typeof RISK_TIERS)[number];

/** 1 automatic, 2 notify, 3 approve, 4 people only (requirement C3). */
export const ACTION_TIERS = [1, 2, 3, 4] as const;
export type ActionTier = (typeof ACTION_TIERS)[number];

export const STEP_KINDS = ['classify', 'extract', 'generate', 'analyse', 'agent'] as const;
export type StepKind = (typeof STEP_KINDS)[number];

export const EFFECTS = ['read', 'write', 'external'] as const;

const versionSchema = z.string().regex(/^\d{1,4}(\.\d{1,4}){0,2}$/, 'use a version such as 1.2.0');
const pointerSchema = z.string().regex(/^(\/([^~/]|~[01])*)+$/, 'use a JSON pointer such as /recipient');

/** Names that would let one right cover many acts (requirement F2). */
const BROAD_NAME =
  /^(manage|admin|administer|execute|exec|run|do|call|invoke|any|all)([-_]|$)|[-_](query|sql|command|shell|script|anything|everything)$/;

/** One step of a profile. It only ever takes away: a cap, a fixed value, fewer members, or nothing at all. */
const narrowingSchema = z.discriminatedUnion('do', [
  /** A number is at most `max`. */
  z.strictObject({ do: z.literal('cap'), path: pointerSchema, max: z.int() }),
  /** The argument has this value, whatever was asked for. */
  z.strictObject({ do: z.literal('set'), path: pointerSchema, to: jsonSchema }),
  /** Of a list only these members stay. */
  z.strictObject({ do: z.literal('keep'), path: pointerSchema, members: z.array(jsonSchema).max(256) }),
  /** An optional argument is left out. */
  z.strictObject({ do: z.literal('drop'), path: pointerSchema }),
]);
export type Narrowing = z.infer<typeof narrowingSchema>;

export const toolContractSchema = z.strictObject({
  name: nameSchema.refine((name) => !BROAD_NAME.test(name), {
    message: 'the name is too broad: name one verb and one object, as in publish_case_summary',
  }),
  version: versionSchema,
  title: z.string().min(1).max(120),
  description: z.string().min(1).max(2000),
  tier: z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4)]),
  effect: z.enum(EFFECTS),
  /** JSON Schema 2020-12 of the arguments; an object with `additionalProperties: false`. */
  args: jsonObjectSchema,
  /** JSON Schema 2020-12 of the result. */
  result: jsonObjectSchema,
  /** Which arguments decide who or where (`recipient`, `target`), how much (`amount`), and what leaves (`payload`). */
  sinks: z
    .array(z.strictObject({ path: pointerSchema, kind: z.enum(['recipient', 'target', 'amount', 'payload']) }))
    .max(64),
  /** The most secret data that may leave through this tool. */
  clearance: clearanceSchema,
  /**
   * What a rule may narrow a use to, by name: `@remedy("narrow:NAME")`. The narrowed use is decided anew, and the
   * arguments that come out must fit `args`.
   */
  profiles: z.record(nameSchema, z.array(narrowingSchema).min(1).max(32)).default({}),
  /** It destroys something: a person looks first, whatever the intent was. */
  destructive: z.boolean().optional(),
  /** It sends data out although it only reads, such as a fetch of an address: judged as an effect. */
  egress: z.boolean().optional(),
  /** Who wrote what it returns; without it, anybody. Only what is not `untrusted` can become a trusted record. */
  returns: z.enum(INTEGRITY).optional(),
  /** How secret what it returns is; without it, internal. What has read it goes only where that is cleared for. */
  secrecy: secrecySchema.optional(),
  /** How it is taken back, or `irreversible`. */
  undo: z.union([undoSchema, z.literal('irreversible')]),
  timeout_ms: z.int().min(100).max(120_000),
  /**
   * Letters and digits that a verdict on its use must give as its reason. Left out: 10 for tier 3 and 4, and in workflows of
   * high or critical risk; else none.
   */
  reason_chars_min: z.int().min(0).max(500).optional(),
  /**
   * `key`: the downstream honours `Idempotency-Key`, so a call whose answer was lost is made again with the same key.
   * `none`: a second call is a second effect, and none is made.
   */
  idempotency: z.enum(['key', 'none']),
  /** Which tool tells what became of a call whose answer was lost. */
  status: statusSchema.optional(),
  /** Who the grant is for: the downstream checks that it is the one. */
  audience: z.string().min(1).max(256),
  /** What shows beforehand what a use would do; its result stands before the approver. It must be free of effects. */
  dry_run: z
    .discriminatedUnion('by', [
      /** Another declared tool, of effect `read`, that takes the same arguments. */
      z.strictObject({ by: z.literal('tool'), tool: nameSchema }),
      /** The call itself in a transaction that is always taken back (`postgres` alone). */
      z.strictObject({ by: z.literal('rollback') }),
    ])
    .optional(),
  binding: toolBindingSchema,
});
export type ToolContract = z.infer<typeof toolContractSchema>;

const limitsSchema = z.strictObject({
  max_items: z.int().min(1).max(10_000),
  max_bytes: z
    .int()
    .min(1)
    .max(64 * 1024 * 1024),
  timeout_ms: z.int().min(100).max(120_000).default(10_000),
});

export const sourceBindingSchema = z.discriminatedUnion('kind', [
  /** Files under a folder of the project: `{name}` in the pattern is taken from the query. */
  z.strictObject({ kind: z.literal('file'), folder: z.string().min(1), pattern: z.string().min(1) }),
  /** A read-only HTTP endpoint that answers JSON Lines or a JSON array. */
  z.strictObject({ kind: z.literal('http'), url: z.string().min(1).max(2048), credential: nameSchema.optional() }),
  /** What the requester attached to the request. */
  z.strictObject({ kind: z.literal('attachment') }),
]);

/** What a source of documents can give of each block; `place` and findings travel with the evidence anyway. */
export const DOCUMENT_FIELDS = ['text', 'kind', 'part', 'start', 'end', 'unit', 'media_type'] as const;

/**
 * How long data may be used, and whether it may be stored (requirement D7); the pipeline enforces it (SPEC of `context`).
 */
export const lifeSchema = z.strictObject({
  /** The prompts that it may enter; left out: every one that the workflow gives it to. */
  enter: z.array(nameSchema).max(64).optional(),
  /** When it is cleared: after the first question that it entered, so many minutes after it was read, or with the run. */
  clear: z
    .union([z.enum(['after-step', 'after-run']), z.strictObject({ minutes: z.int().min(1).max(43_200) })])
    .default('after-run'),
  /** What later prompts are told in its place: nothing but that it was cleared, or also how many items there were. */
  abstract: z.enum(['none', 'counts']).default('none'),
  /** It is never stored: wherever it is kept or shown, a mark stands for it, and a prompt reads it anew. */
  never_keep: z.boolean().default(false),
});
export type Life = z.infer<typeof lifeSchema>;

const sourceShape = z.strictObject({
  name: nameSchema,
  version: versionSchema,
  title: z.string().min(1).max(120),
  integrity: z.enum(INTEGRITY),
  confidentiality: z.enum(CONFIDENTIALITY),
  categories: z.array(z.enum(CATEGORIES)),
  /** JSON Schema of the query. */
  query: jsonObjectSchema,
  fields: z
    .array(
      z.strictObject({
        name: z
          .string()
          .min(1)
          .max(128)
          .refine((name) => !/[*?]/.test(name), 'name each field that is needed: there is no word for a whole record'),
        max_chars: z.int().min(1).max(20_000).default(1000),
        /** For this field, instead of the life of the source. */
        life: lifeSchema.optional(),
      }),
    )
    .min(1)
    .max(200),
  /** `records` (where left out): items of JSON, JSON Lines or CSV. `document`: blocks of text; fields as {@link DOCUMENT_FIELDS}. */
  form: z.enum(['records', 'document']).optional(),
  life: lifeSchema.optional(),
  /** Logs or code: a workflow that answers for its boundaries has to name it there (requirement A6). */
  holds: z.enum(HOLDINGS).optional(),
  /** Of logs: whether they are of production. Left out: they are where the server is. */
  production: z.boolean().optional(),
  limits: limitsSchema,
  binding: sourceBindingSchema,
});

/** A declared read (requirements A3, D8, D11): only the fields named here ever leave the reader. */
export const sourceContractSchema = sourceShape.superRefine((source, context) => {
  const known: readonly string[] = DOCUMENT_FIELDS;
  for (const [index, { name }] of source.fields.entries())
    if (source.form === 'document' && !known.includes(name))
      context.addIssue({
        code: 'custom',
        path: ['fields', index, 'name'],
        message: `a document has the fields ${known.join(', ')}`,
      });
  const kept = [source.life, ...source.fields.map((field) => field.life)];
  if (source.binding.kind === 'attachment' && kept.some((life) => life?.never_keep))
    context.addIssue({
      code: 'custom',
      path: ['life'],
      message: 'what was attached is kept until the run has ended: read what may not be kept from a file or an address',
    });
});
export type SourceContract = z.infer<typeof sourceContractSchema>;

/** What an input of a prompt may carry. A member that is left out allows all. */
const inputLabelSchema = z.strictObject({
  integrity: z.enum(INTEGRITY).optional(),
  confidentiality: z.enum(CONFIDENTIALITY).optional(),
  categories: z.array(z.enum(CATEGORIES)).optional(),
});
export type InputLabel = z.infer<typeof inputLabelSchema>;

/** The head of a prompt file (YAML front matter). The rest of the file is the task's text. */
export const promptContractSchema = z.strictObject({
  id: nameSchema,
  version: versionSchema,
  step: z.enum(STEP_KINDS),
  model: z.string().min(1).max(128).optional(),
  /** What a model must have for it: tokens of context. An endpoint that says it has less is not asked. */
  requires: z.strictObject({ context_tokens: z.int().min(1000).max(10_000_000) }).optional(),
  max_output_tokens: z.int().min(16).max(64_000).default(4000),
  /** Tokens that the evidence may take; what does not fit is left out, common shapes first, and counted on record. */
  evidence_budget_tokens: z.int().min(100).max(500_000).default(50_000),
  /** Tokens that the whole question may take; a longer one is not asked, and goes to a person. */
  input_budget_tokens: z.int().min(500).max(1_000_000).optional(),
  inputs: z
    .array(
      z.strictObject({
        name: nameSchema,
        description: z.string().min(1).max(400),
        /** It is given as a handle: the model sees that there is a value, and may name it, but never sees it. */
        handle: z.boolean().optional(),
        /** The most tainted and the most secret that it may be; another value is refused before anything is sent. */
        label: inputLabelSchema.optional(),
        /** What was read and comes in here is over once this prompt was answered, however long its source lets it live. */
        clear: z.literal('after-step').optional(),
      }),
    )
    .max(32),
  /** JSON Schema 2020-12 of the answer. */
  output: jsonObjectSchema,
  /** JSON pointers into the answer, `*` for every item, whose values must be evidence ids that were shown. */
  cites: z.array(z.string().min(1).max(200)).default([]),
  /** Who reads what the step writes (requirement A4): outside, unless it says otherwise. */
  audience: z.enum(AUDIENCES).default('outside'),
  /** It is a final decision with consequences: the model prepares it, and a person decides. */
  final: z.boolean().default(false),
  /** Where the answer says how sure it is: a whole number from 0 to 100. */
  confidence: placeSchema.optional(),
  /** Claims that quote what they rest on: the quoted passage is looked for. */
  claims: claimsSchema.optional(),
  /** What the answer must mean, besides fitting its schema. */
  checks: z.array(semanticCheckSchema).max(32).default([]),
  /** Of an agent: what it may wish for, and for how long. */
  agent: z
    .strictObject({
      /** Declared tools; each use is judged by the gate as a model's choice. */
      tools: z
        .array(z.strictObject({ name: nameSchema, times: z.int().min(1).max(100) }))
        .min(1)
        .max(32),
      turns: z.int().min(1).max(50),
    })
    .optional(),
});
export type PromptContract = z.infer<typeof promptContractSchema>;

const ownerSchema = z.string().min(1).max(200);

/** What a workflow wants of one step, by the id of its prompt. */
const stepWishSchema = z.strictObject({
  /** In place of the default rule (`REVIEW_RULES`), as far as that lets it. */
  review: z.enum(REVIEWS).optional(),
  /** Answers whose confidence is worth less go to a person. */
  confidence_min_per_mille: z.int().min(1).max(1000).optional(),
});

const workflowShape = z.strictObject({
  name: nameSchema,
  version: versionSchema,
  title: z.string().min(1).max(120),
  purpose: z.string().min(1).max(2000),
  tier: z.enum(RISK_TIERS),
  owners: z.strictObject({
    security: ownerSchema,
    platform: ownerSchema,
    business: ownerSchema,
    escalation: ownerSchema,
  }),
  /** Everything the workflow may touch. What is not here is refused at run time (requirement A3). */
  scope: z.strictObject({
    sources: z.array(nameSchema).max(64),
    tools: z.array(nameSchema).max(64),
    prompts: z.array(nameSchema).max(64),
  }),
  /** Groups whose members approve this workflow's actions. */
  approvers: z.array(z.string().min(1).max(128)).min(1).max(16),
  /** Minutes until an open approval is denied by itself. */
  approval_timeout_minutes: z
    .int()
    .min(1)
    .max(60 * 24 * 30)
    .default(60 * 24),
  /** What it wants of its steps, by prompt (requirement A4). */
  steps: z.record(nameSchema, stepWishSchema).default({}),
  /**
   * How people do it by hand (requirement I8): by the name of a prompt, a source or a tool, and `default` for all others. A
   * question that has one waits for the person's answer, where no model gives one.
   */
  procedures: z.record(nameSchema, procedureSchema).default({}),
  /** What members of a group may see of the material of hand-offs; everybody else sees what is `internal`. */
  clearances: z.record(z.string().min(1).max(128), clearanceSchema).default({}),
  /** Tests of who approves its actions; they are planted as often as the configuration says. Nobody else is shown them. */
  planted: z.array(plantedCaseSchema).max(50).optional(),
  /** What must hold before a release goes into production, and while it runs (requirement H4). */
  thresholds: thresholdsSchema.optional(),
  /** Left out: a release comes into production at once, or by the steps of the one that is there. */
  rollout: rolloutSchema.optional(),
  /** What rules may know of earlier actions (requirement C6). */
  history: historySchema.default({}),
  /** JSON Schema 2020-12 of the input. */
  input: jsonObjectSchema,
  /**
   * How secret what people write into a task is; left out: public. What its runs ask a model or do may hold it, and goes
   * only where that is cleared for.
   */
  input_secrecy: secrecySchema.optional(),
  /**
   * The member of the input that says whom a task is about, besides who asks: a customer's number, say. What is recorded
   * and kept of the task is sealed for both, so that the erasure of either reaches it.
   */
  subject: z.string().min(1).max(64).optional(),
  /** The input that an attached file alone stands for; `{name}` is the file's name as a slug. */
  file_input: jsonObjectSchema.optional(),
  /** Left out: a person takes the question at once. */
  on_outage: onOutageSchema.optional(),
  /**
   * What its runs do while records are durable and wait too long for their place in the log: `stop` (where left out), or
   * `continue` read-only: with reading, asking and tools of tier 1 that only read. Nothing goes on where a record cannot be made durable.
   */
  while_unplaced: z.enum(['stop', 'continue']).optional(),
  /** Left out: `record`; see {@link unreviewedModelSchema}. */
  unreviewed_model: unreviewedModelSchema.optional(),
  /** Which data it may touch, and what becomes of it; see {@link boundariesSchema}. */
  boundaries: boundariesSchema.optional(),
  /** Articles and controls that its owners have looked at. */
  regulation: z.array(regulationSchema).max(200).optional(),
});

export const workflowContractSchema = workflowShape.superRefine(
  ({ tier, while_unplaced, on_outage, scope }, context) => {
    if (while_unplaced === 'continue' && tier !== 'low')
      context.addIssue({
        code: 'custom',
        path: ['while_unplaced'],
        message: `a workflow of tier ${tier} stops while records have no place: only one of tier low may continue`,
      });
    if (on_outage?.do !== 'degrade') return;
    const path = ['on_outage', 'do'];
    if (tier === 'high' || tier === 'critical')
      context.addIssue({ code: 'custom', path, message: `a workflow of ${tier} risk waits, or hands off` });
    for (const prompt of Object.keys(on_outage.answers))
      if (!scope.prompts.includes(prompt))
        context.addIssue({
          code: 'custom',
          path: ['on_outage', 'answers', prompt],
          message: 'is no prompt of the scope',
        });
  },
);
export type WorkflowContract = z.infer<typeof workflowContractSchema>;

/** One item that a source gave, as the model and the approver see it. */
export interface Evidence {
  readonly id: EvidenceId;
  readonly source: string;
  /** Where it stands in the source: a line or item number, from 1. */
  readonly position: number;
  /** Declared fields only. */
  readonly fields: JsonObject;
  /** Of a document: which part of which bytes it is, and what was found there. */
  readonly place?: EvidencePlace;
}

/** Where a block stands in the document that it was read from (`ingest/document.ts` of `context` defines the units). */
export const evidencePlaceSchema = z.strictObject({
  document: digestSchema,
  media_type: z.string().max(100),
  part: z.string().max(2000),
  unit: z.enum(['utf-8', 'utf-16', 'windows-1252', 'char', 'item']),
  start: z.int().min(0),
  end: z.int().min(0),
  /** Kinds of findings in this block or right behind it. */
  findings: z.array(z.string().max(64)).max(64),
});
export type EvidencePlace = z.infer<typeof evidencePlaceSchema>;

export interface Reading {
  readonly evidence: Labelled<readonly Evidence[]>;
  /** How many items the source had, and how many were read. */
  readonly available: number;
  readonly count: number;
}

/** An argument tree: JSON whose leaves may be labelled values. */
export type Arguments = { readonly [key: string]: ArgumentValue };
export type ArgumentValue =
  | Json
  | Labelled<unknown>
  | readonly ArgumentValue[]
  | { readonly [key: string]: ArgumentValue };

/** Who closed an approval without an approval: a person who denied it, nobody in time, or who took the wish back. */
export type DeniedBy = 'person' | 'time-out' | 'withdrawal';

export type ActOutcome =
  | {
      readonly status: 'succeeded';
      readonly execution: ExecutionId;
      readonly result: Labelled<Json>;
      /** The profiles by which policy narrowed what was asked for; empty where it was done as asked. */
      readonly narrowed: readonly string[];
      /** A reviewer changed the arguments, and others approved them so. */
      readonly amended?: true;
    }
  | { readonly status: 'failed'; readonly execution: ExecutionId; readonly reason: string }
  | { readonly status: 'unknown'; readonly execution: ExecutionId; readonly handoff: HandoffId }
  | { readonly status: 'refused'; readonly decision: Decision }
  | { readonly status: 'denied'; readonly approval: ApprovalId; readonly by: DeniedBy };

/** What a prompt is given, by the names that it declares. */
export type PromptInputs = { readonly [name: string]: Json | Labelled<unknown> };

/** What a workflow's code may do. Each call is durable: after a crash it is not made twice. */
export interface WorkflowContext<Input = JsonObject> {
  readonly run: RunId;
  readonly requester: Principal;
  /** The request as it was validated. Integrity `trusted`: a signed-in person wrote it. */
  readonly input: Input;
  /** Reads a declared source. */
  read(source: string, query: JsonObject): Promise<Reading>;
  /** Asks a model by a declared prompt; the answer satisfies the prompt's output schema. */
  ask<T = unknown>(prompt: string, inputs: PromptInputs): Promise<Labelled<T>>;
  /** As `ask`, for a prompt that is a step of this kind; each kind has its own default review rule (`REVIEW_RULES`). */
  classify<T = unknown>(prompt: string, inputs: PromptInputs): Promise<Labelled<T>>;
  extract<T = unknown>(prompt: string, inputs: PromptInputs): Promise<Labelled<T>>;
  generate<T = unknown>(prompt: string, inputs: PromptInputs): Promise<Labelled<T>>;
  analyse<T = unknown>(prompt: string, inputs: PromptInputs): Promise<Labelled<T>>;
  /**
   * Lets a model work in turns by a prompt that is an `agent`: each tool that it wishes for goes to the gate as an action of
   * its own, as a model's choice. Comes back with its answer.
   */
  agent<T = unknown>(prompt: string, inputs: PromptInputs): Promise<Labelled<T>>;
  /**
   * Which of a few declared words a value is, or its part at a JSON pointer, so that the code can choose its way; null where
   * it is none of them. From then on every action of the run carries the value's label and counts the bits of the choice.
   */
  outcome<O extends string>(value: Labelled<unknown>, pointer: string, outcomes: readonly O[]): Promise<O | null>;
  /**
   * Asks a declared prompt in quarantine: over text that nobody vouches for, without tools, for an answer whose schema is
   * closed. What comes back is a handle: `at` gives parts of it, a prompt that declares an input with `handle: true` may
   * name it without seeing it, and in an action's arguments each part is known to be no more than its type can say.
   */
  quarantine<T = unknown>(prompt: string, inputs: PromptInputs): Promise<Labelled<T>>;
  /** Proposes an action; comes back when it has been done, refused, denied, or its outcome is unknown. */
  act(
    tool: string,
    args: Arguments,
    why: { readonly rationale: string; readonly evidence?: Labelled<readonly Evidence[]> },
  ): Promise<ActOutcome>;
  /**
   * Takes back what this run has done so far, latest first; each undo passes the gate as an action of its own. Comes back
   * when all is undone that can be, or when one could not be although it should have been.
   */
  unwind(why: { readonly rationale: string }): Promise<UnwindOutcome>;
}

/** A workflow as its author writes it: the contract and the code. */
export interface WorkflowDefinition {
  readonly contract: WorkflowContract;
  readonly tools: readonly ToolContract[];
  readonly sources: readonly SourceContract[];
  /** Must be deterministic apart from what it does through its context. */
  run(context: WorkflowContext): Promise<JsonObject | undefined>;
}
