import { jsonObjectSchema, LAYERS, OUTCOMES } from '@portreeve/contract';
import { z } from 'zod';

/*
 * The messages of the OpenID AuthZEN Authorization API 1.0 (final, January 2026). Members that the standard or a later one
 * adds are not an error and are not looked at.
 */

/** Evaluations in one request. */
export const EVALUATIONS_MAX = 64;

const text = z.string().min(1).max(256);
/** `properties` are the caller's word; nothing is decided by them. */
const properties = z.record(z.string(), z.unknown()).optional();
const entity = z.object({ type: text, id: text, properties });
const action = z.object({ name: text, properties });
const context = jsonObjectSchema;

export const evaluationSchema = z.object({
  subject: entity,
  action,
  resource: entity,
  context: context.optional(),
});
export type Evaluation = z.infer<typeof evaluationSchema>;

export const SEMANTICS = ['execute_all', 'deny_on_first_deny', 'permit_on_first_permit'] as const;
export type Semantic = (typeof SEMANTICS)[number];

/** Each evaluation is judged by itself: what is wrong with one is an answer to that one. */
export const evaluationsSchema = z.object({
  subject: z.unknown().optional(),
  action: z.unknown().optional(),
  resource: z.unknown().optional(),
  context: z.unknown().optional(),
  evaluations: z.array(z.record(z.string(), z.unknown())).max(EVALUATIONS_MAX).optional(),
  options: z.object({ evaluations_semantic: z.enum(SEMANTICS).default('execute_all') }).optional(),
});

const reason = z.object({
  layer: z.enum(LAYERS).nullable(),
  rule: z.string().nullable(),
  code: z.string(),
  text: z.string(),
});

export const answerSchema = z.object({
  decision: z.boolean(),
  context: z.object({
    /** The decision's id in our records; null where policy was not asked. */
    id: z.string().nullable(),
    outcome: z.enum(OUTCOMES),
    reasons: z.array(reason),
    next: z.string(),
    /** What is wrong with this evaluation itself, by the status that it would have alone. */
    error: z.object({ status: z.number(), message: z.string() }).optional(),
  }),
});
export type Answer = z.infer<typeof answerSchema>;

export const answersSchema = z.union([z.object({ evaluations: z.array(answerSchema) }), answerSchema]);

export const metadataSchema = z.object({
  policy_decision_point: z.string(),
  access_evaluation_endpoint: z.string(),
  access_evaluations_endpoint: z.string(),
});
