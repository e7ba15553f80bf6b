import { z } from 'zod';
import { jsonObjectSchema, jsonSchema } from './canonical.ts';
import { idSchema, nameSchema } from './ids.ts';
import { secrecySchema } from './labels.ts';
import { procedureSchema } from './procedure.ts';

export const HANDOFF_KINDS = [
  'unknown_outcome',
  'failed_action',
  /** The model's answer was of no use: broken, cut, empty or wrong, also after the repair. */
  'model_failed',
  'budget_exhausted',
  /** The model refused. */
  'model_refused',
  /** No endpoint answered: the work falls back to people. */
  'fallback',
  /** The model says that what it was shown supports no answer. */
  'off_pattern',
  /** The answer is there, and is not worth enough. */
  'low_confidence',
  /** The answer is there, and a rule asks that a person looks at it first. */
  'review',
  'source_failed',
  'refused',
  'denied',
  /** Nobody decided on an approval in time. */
  'expired_approval',
  'not_undone',
  'error',
] as const;
export type HandoffKind = (typeof HANDOFF_KINDS)[number];

/** `open`: nobody has it. `taken`: somebody works on it. */
export const HANDOFF_STATES = ['open', 'taken', 'done'] as const;
export type HandoffState = (typeof HANDOFF_STATES)[number];

/** How often work that nobody finishes in time goes up. */
export const ESCALATIONS_MAX = 3;

/** One piece of what a person needs to see, with how secret it is. Its value is never shown beyond that. */
export const handoffMaterialSchema = z.strictObject({
  name: z.string().min(1).max(128),
  label: secrecySchema,
  value: jsonSchema,
});
export type HandoffMaterial = z.infer<typeof handoffMaterialSchema>;

/** What a person gave back to the run. */
export const handoffResultSchema = z.strictObject({
  value: jsonSchema,
  by: idSchema('principal'),
  at: z.iso.datetime(),
});
export type HandoffResult = z.infer<typeof handoffResultSchema>;

/** Work that a person must finish, with its context (requirement I8). */
export const handoffSchema = z.strictObject({
  id: idSchema('handoff'),
  kind: z.enum(HANDOFF_KINDS),
  state: z.enum(HANDOFF_STATES),
  run: idSchema('run').nullable(),
  proposal: idSchema('proposal').nullable(),
  workflow: nameSchema,
  /** The prompt, source or tool that it is about. */
  about: nameSchema.nullable(),
  /** Why it is here, for a person. */
  why: z.string(),
  /** What is known. */
  context: jsonObjectSchema,
  /** How secret that is. */
  label: secrecySchema,
  /** What was tried before it came here, in the order of the tries. */
  tried: z.array(z.string().max(1000)).max(100),
  /** What a person needs to see; empty once it is done. */
  material: z.array(handoffMaterialSchema).max(64),
  /** How it is done by hand, as the workflow's release says. */
  procedure: procedureSchema.nullable(),
  /** The JSON Schema of the result that its run waits for; null: nothing waits. */
  awaits: jsonObjectSchema.nullable(),
  result: handoffResultSchema.nullable(),
  /** What the person can do. */
  next: z.string(),
  /** Who asked for what it came from. */
  requester: idSchema('principal').nullable(),
  /** Whose work it is. */
  group: z.string().nullable(),
  assignee: idSchema('principal').nullable(),
  /** How often it went up because its time was over, or because somebody said so. */
  level: z.int().min(0).max(ESCALATIONS_MAX),
  due_at: z.iso.datetime(),
  created_at: z.iso.datetime(),
  closed_at: z.iso.datetime().nullable(),
});
export type Handoff = z.infer<typeof handoffSchema>;
