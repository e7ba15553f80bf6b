import { z } from 'zod';
import { digestSchema, jsonObjectSchema } from './canonical.ts';
import { idSchema, nameSchema } from './ids.ts';
import { principalSchema } from './principal.ts';

/** Each final state but `completed` leaves a hand-off or a refusal that says why. */
export const RUN_STATES = ['queued', 'running', 'waiting', 'completed', 'refused', 'handed_off', 'failed'] as const;
export type RunState = (typeof RUN_STATES)[number];

const ATTACHMENT_BYTES_MAX = 8 * 1024 * 1024;
const attachmentHead = { name: z.string().min(1).max(200), media_type: z.string().min(1).max(100) };

/** A file beside the input: text as it is, anything else in base64 (RFC 4648, 4). At most 8 MiB. */
export const attachmentSchema = z.union([
  z.strictObject({ ...attachmentHead, text: z.string().max(ATTACHMENT_BYTES_MAX) }),
  z.strictObject({ ...attachmentHead, base64: z.base64().max(Math.ceil(ATTACHMENT_BYTES_MAX / 3) * 4) }),
]);
export type Attachment = z.infer<typeof attachmentSchema>;

/** The bytes of an attachment: of a text its UTF-8. Their digest is the one on record. */
export function attachmentBytes(attachment: Attachment): Uint8Array {
  if ('text' in attachment) return new TextEncoder().encode(attachment.text);
  return Uint8Array.from(atob(attachment.base64), (character) => character.charCodeAt(0));
}

export const runSchema = z.strictObject({
  id: idSchema('run'),
  workflow: nameSchema,
  release: digestSchema,
  policy_version: digestSchema,
  principal: principalSchema,
  state: z.enum(RUN_STATES),
  input: jsonObjectSchema,
  /** The run that it is a shadow of: a copy by which a release is tried. Nothing of it is carried out, and nobody is asked. */
  shadow_of: idSchema('run').optional(),
  result: jsonObjectSchema.nullable(),
  /** Why it ended as it did, for a person; null while it goes on. */
  ending: z.string().nullable(),
  /** Open approval that it waits for. */
  approval: idSchema('approval').nullable(),
  created_at: z.iso.datetime(),
  ended_at: z.iso.datetime().nullable(),
});
export type Run = z.infer<typeof runSchema>;
