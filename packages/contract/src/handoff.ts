import { z } from 'zod';
import { jsonObjectSchema } from './canonical.ts';
import { idSchema, nameSchema } from './ids.ts';

export const HANDOFF_KINDS = [
  'unknown_outcome',
  'failed_action',
  'model_failed',
  'budget_exhausted',
  'source_failed',
  'refused',
  'denied',
  'not_undone',
  'error',
] as const;
export type HandoffKind = (typeof HANDOFF_KINDS)[number];

export const HANDOFF_STATES = ['open', 'done'] as const;
export type HandoffState = (typeof HANDOFF_STATES)[number];

/** Work that a person must finish, with its context (requirement I8). */
export const handoffSchema = z.strictObject({
  id: idSchema('handoff'),
  kind: z.enum(HANDOFF_KINDS),
  state: z.enum(HANDOFF_STATES),
  run: idSchema('run').nullable(),
  proposal: idSchema('proposal').nullable(),
  workflow: nameSchema,
  /** Why it is here, for a person. */
  why: z.string(),
  /** What was tried and what is known. */
  context: jsonObjectSchema,
  /** What the person can do. */
  next: z.string(),
  created_at: z.iso.datetime(),
  closed_at: z.iso.datetime().nullable(),
});
export type Handoff = z.infer<typeof handoffSchema>;
