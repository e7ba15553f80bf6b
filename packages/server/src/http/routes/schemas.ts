import { STREAM_FORMATS } from '@portreeve/audit';
import {
  erasureMarkSchema,
  idSchema,
  principalSchema,
  recordEntrySchema,
  recordPayloadSchema,
} from '@portreeve/contract';
import { z } from 'zod';

export const listLimit = z.coerce.number().int().min(1).max(200).default(50);

export const signedInSchema = z.object({
  token: z.string().describe('The bearer token; it is shown this once'),
  session: z.string(),
  expires_at: z.string(),
  principal: principalSchema,
});
export const recordAnswer = z.object({
  entry: recordEntrySchema,
  payload: recordPayloadSchema.nullable(),
  erased: erasureMarkSchema.nullable().describe('Why the payload cannot be read any more'),
});

/** How far one stream of the record is. */
export const streamAnswer = z.object({
  name: z.string(),
  to: z.enum(['http', 'syslog', 'file', 's3']),
  format: z.enum(STREAM_FORMATS),
  next: z.number(),
  lag: z.number().describe('Records that wait'),
  waiting_since: z.string().nullable().describe('The time of the oldest record that waits'),
  delivered_at: z.string().nullable(),
  problem: z.string().nullable(),
});

/** A path parameter that is an id of one kind. */
export const idParam = <K extends Parameters<typeof idSchema>[0]>(kind: K) => z.object({ id: idSchema(kind) });
