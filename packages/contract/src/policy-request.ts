import { z } from 'zod';
import { BOUNDARIES } from './boundaries.ts';
import { jsonObjectSchema } from './canonical.ts';
import { nameSchema } from './ids.ts';
import { CATEGORIES, CONFIDENTIALITY, clearanceSchema, INTEGRITY, labelSchema } from './labels.ts';
import { ENDPOINT_PLACES } from './model-endpoint.ts';
import { principalSchema } from './principal.ts';
import { provenanceSchema } from './proposal.ts';
import { ACTION_TIERS, EFFECTS, RISK_TIERS } from './workflow.ts';

const workflowFacts = z.strictObject({
  name: nameSchema,
  tier: z.enum(RISK_TIERS),
  tools: z.array(nameSchema),
  sources: z.array(nameSchema),
  approvers: z.array(z.string()),
});

const environmentFacts = z.strictObject({
  name: z.enum(['development', 'test', 'staging', 'production']),
  /** Names of what is frozen: `all`, `tool:…`, `workflow:…`, `principal:…`. */
  freezes: z.array(z.string()),
  incident: z.boolean(),
  /** What is under maintenance now: `all`, `tool:…`, `workflow:…`. */
  maintenance: z.array(z.string()),
  /** Model endpoints that do not answer. */
  outages: z.array(z.string()),
});
export type EnvironmentFacts = z.infer<typeof environmentFacts>;

/** What an approval adds when the same request is decided again. */
const approvalFacts = z.strictObject({
  /** Distinct people who approved exactly this proposal's digest. */
  approvers: z.array(z.string()),
  groups: z.array(z.string()),
  /** Those of them who signed by a passkey, and those whose passkey cannot leave its device. */
  by_passkey: z.array(z.string()).optional(),
  by_device: z.array(z.string()).optional(),
  /** Whether the person for whom the agent acts has confirmed exactly this proposal. */
  confirmed: z.boolean().optional(),
});
export type ApprovalFacts = z.infer<typeof approvalFacts>;

export const FLOW_AUTHORS = ['code', 'model'] as const;
export const FLOW_HOLDERS = ['recipient', 'private', 'object', 'other'] as const;
export const FLOW_PAYLOADS = ['none', 'trusted', 'passage', 'bounded', 'words', 'steering'] as const;

/** Information flow as policy sees it (requirements D5, D6). */
const flowFacts = z.strictObject({
  /** Who chose the action and put the values into their places: a workflow's reviewed code, or a model. */
  author: z.enum(FLOW_AUTHORS),
  /** Declared before anything untrusted was read, and not used up. Code is its own intent. */
  foreseen: z.boolean(),
  /** Whoever made it had seen untrusted text. */
  tainted: z.boolean(),
  destructive: z.boolean(),
  egress: z.boolean(),
  /** An amount is among its arguments. */
  amount: z.boolean(),
  /** Sinks (by kind) taken from a trusted record that the request does not name: a choice that somebody made. */
  chosen_sinks: z.array(z.enum(['recipient', 'target', 'amount', 'payload'])),
  /**
   * Who gets what it carries: recipients whom the request names; only the requester (`private`); an object that the
   * request names; anybody else.
   */
  holder: z.enum(FLOW_HOLDERS),
  /**
   * The least trusted thing that it carries. `passage`: prose that can only be read; `bounded`: a date or a time;
   * `words`: a short text; `steering`: a choice, an identifier, a link, an account, a number.
   */
  payload: z.enum(FLOW_PAYLOADS),
  /** Bits read in quarantine so far, and those of bounded values in it. */
  capacity_bits: z.int().min(0),
  /** A step made part of it whose review rule asks that a person looks at it (requirement A4), and nobody has yet. */
  unreviewed: z.boolean().default(false),
});
export type FlowFacts = z.infer<typeof flowFacts>;

/**
 * Everything that policy may look at, one form for each kind of request. `act`: use a tool. `admit`: start a run.
 * `read`: read a source. `ask`: send data to a model endpoint. `api`: use a face of the server.
 */
export const policyRequestSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('act'),
    principal: principalSchema,
    workflow: workflowFacts,
    tool: z.strictObject({
      name: nameSchema,
      version: z.string(),
      tier: z.union(
        ACTION_TIERS.map((tier) => z.literal(tier)) as [
          z.ZodLiteral<1>,
          z.ZodLiteral<2>,
          z.ZodLiteral<3>,
          z.ZodLiteral<4>,
        ],
      ),
      effect: z.enum(EFFECTS),
      reversible: z.boolean(),
      clearance: clearanceSchema,
    }),
    args: jsonObjectSchema,
    influence: labelSchema,
    provenance: z.array(provenanceSchema),
    /** The highest injection score of what went into it, per mille. A signal: 0 says that nothing was noticed. */
    injection: z.int().min(0).max(1000),
    /** Sink arguments (by kind) whose value did not come from a trusted origin. */
    untrusted_sinks: z.array(z.enum(['recipient', 'target', 'amount', 'payload'])),
    /** How information flowed into it; absent where a workflow's code acts and nothing else is known. */
    flow: flowFacts.optional(),
    approval: approvalFacts.nullable(),
    /** What the workflow's history facts are now, for a tool that has some: a number, or who. */
    history: z.record(z.string(), z.union([z.int(), z.array(z.string())])).optional(),
    environment: environmentFacts,
  }),
  z.strictObject({
    kind: z.literal('admit'),
    principal: principalSchema,
    workflow: workflowFacts,
    environment: environmentFacts,
  }),
  z.strictObject({
    kind: z.literal('read'),
    principal: principalSchema,
    workflow: workflowFacts,
    source: z.strictObject({
      name: z.string(),
      integrity: z.enum(INTEGRITY),
      confidentiality: z.enum(CONFIDENTIALITY),
      categories: z.array(z.enum(CATEGORIES)),
    }),
    /** What of the workflow's boundaries stands against it; left out: nothing. */
    boundary: z.enum(BOUNDARIES).optional(),
    environment: environmentFacts,
  }),
  z.strictObject({
    kind: z.literal('ask'),
    principal: principalSchema,
    workflow: workflowFacts,
    endpoint: z.strictObject({ name: z.string(), where: z.enum(ENDPOINT_PLACES), clearance: clearanceSchema }),
    /** The label of what would be sent; where it is de-identified, without the categories that this removes. */
    influence: labelSchema,
    deidentified: z.boolean(),
    boundary: z.enum(BOUNDARIES).optional(),
    injection: z.int().min(0).max(1000),
    environment: environmentFacts,
  }),
  z.strictObject({
    kind: z.literal('api'),
    principal: principalSchema,
    /** The operation's id, such as `approvals.list`. */
    operation: z.string().regex(/^[a-z_]+(\.[a-z_]+)+$/),
    environment: environmentFacts,
  }),
]);
export type PolicyRequest = z.infer<typeof policyRequestSchema>;
export type WorkflowFacts = z.infer<typeof workflowFacts>;

/** Whatever decides: the stages ask it through this face. It never throws for a bad request: it refuses. */
export interface PolicyDecider {
  /** The digest of all rules and of the schema. */
  readonly version: `sha256:${string}`;
  decide(request: PolicyRequest): import('./decision.ts').Decision;
}
