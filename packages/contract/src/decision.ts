import { z } from 'zod';
import { digestSchema } from './canonical.ts';
import { idSchema } from './ids.ts';
import { VERDICT_SIGNATURES } from './passkey.ts';

export const LAYERS = ['identity', 'data', 'action', 'environment'] as const;
export type Layer = (typeof LAYERS)[number];

export const OUTCOMES = ['permit', 'notify', 'approve', 'narrow', 'refuse'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Stable reason codes (requirement C2). `rule` stands for a rule's own `@code`, or for `rule_forbids` without one. */
export const remedySchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('approval'),
    groups: z.array(z.string()).min(1),
    quorum: z.int().min(1).max(16),
    /** What it must be signed with at the least; left out: any registered key. */
    signature: z.enum(VERDICT_SIGNATURES).exclude(['key']).optional(),
  }),
  /** The person for whom the agent acts confirms exactly this; that is nobody's approval. */
  z.strictObject({ kind: z.literal('confirm') }),
  z.strictObject({ kind: z.literal('narrow'), profile: z.string().min(1) }),
  z.strictObject({ kind: z.literal('deidentify') }),
]);
export type Remedy = z.infer<typeof remedySchema>;

export const reasonSchema = z.strictObject({
  layer: z.enum(LAYERS),
  /** The rule's stable id, or `default-deny`, or `error`. */
  rule: z.string(),
  code: z.string().regex(/^[a-z][a-z0-9_]{1,63}$/),
  /** A sentence for people, from the rule's annotation. */
  text: z.string(),
  remedy: remedySchema.optional(),
});
export type Reason = z.infer<typeof reasonSchema>;

export const layerResultSchema = z.strictObject({
  layer: z.enum(LAYERS),
  effect: z.enum(['permit', 'forbid', 'default-deny', 'error']),
  /** The ids of the deciding rules. */
  rules: z.array(z.string()),
  errors: z.array(z.string()),
});
export type LayerResult = z.infer<typeof layerResultSchema>;

/** What policy says of one request. A refusal is a result, not an error. */
export const decisionSchema = z.strictObject({
  id: idSchema('decision'),
  outcome: z.enum(OUTCOMES),
  layers: z.array(layerResultSchema),
  reasons: z.array(reasonSchema),
  /** What would turn it into a permit; present when the outcome is `approve` or `narrow`. */
  remedies: z.array(remedySchema),
  /** Whom to tell when the outcome is `notify`. */
  notify: z.array(z.string()),
  /** What the caller can do next. */
  next: z.string(),
  policy_version: digestSchema,
  /** The digest of the request that was decided. */
  request_digest: digestSchema,
  /** What rules in shadow mode would have changed: the outcome if that rule alone decided too. Absent where none would. */
  shadow: z.array(z.strictObject({ rule: z.string(), layer: z.enum(LAYERS), would: z.enum(OUTCOMES) })).optional(),
});
export type Decision = z.infer<typeof decisionSchema>;
