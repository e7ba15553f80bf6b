import { z } from 'zod';
import { digestSchema, jsonObjectSchema } from './canonical.ts';
import { idSchema, nameSchema } from './ids.ts';
import { principalSchema } from './principal.ts';

/** Each final state but `completed` leaves a hand-off or a refusal that says why. */
export const RUN_STATES = ['queued', 'running', 'waiting', 'completed', 'refused', 'handed_off', 'failed'] as const;
export type RunState = (typeof RUN_STATES)[number];

export const attachmentSchema = z.strictObject({
  name: z.string().min(1).max(200),
  media_type: z.string().min(1).max(100),
  /** The text of the attachment. */
  text: z.string().max(8 * 1024 * 1024),
});
export type Attachment = z.infer<typeof attachmentSchema>;

export const runSchema = z.strictObject({
  id: idSchema('run'),
  workflow: nameSchema,
  release: digestSchema,
  policy_version: digestSchema,
  principal: principalSchema,
  state: z.enum(RUN_STATES),
  input: jsonObjectSchema,
  result: jsonObjectSchema.nullable(),
  /** Why it ended as it did, for a person; null while it goes on. */
  ending: z.string().nullable(),
  /** Open approval that it waits for. */
  approval: idSchema('approval').nullable(),
  created_at: z.iso.datetime(),
  ended_at: z.iso.datetime().nullable(),
});
export type Run = z.infer<typeof runSchema>;
