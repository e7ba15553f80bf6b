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

/** Where a list goes on behind a part of it; null where that is all. */
export const nextOf = (rows: readonly { readonly id: string }[], limit: number): string | null =>
  rows.length === limit ? (rows.at(-1)?.id ?? null) : null;

/** One threshold that is watched while a workflow runs, and what it is now. */
export const liveFigure = z.object({
  threshold: z.string(),
  value: z.number().nullable().describe('Null where there is too little to judge by'),
  bound: z.number(),
  counted: z.number(),
  missed: z.boolean(),
});

export const signedInSchema = z.object({
  token: z.string().describe('The bearer token; it is shown this once'),
  session: z.string(),
  expires_at: z.string(),
  principal: principalSchema,
});
/** One of the logs. */
export const logAnswer = z.object({
  name: z.string().describe('`main`: what no other one takes'),
  workflows: z.array(z.string()).describe('Whose records stand in it; none for the main one'),
  origin: z.string(),
  vkey: z.string(),
  cosigner_vkey: z.string().nullable().describe('Of the second signature on each checkpoint (ML-DSA-44)'),
  size: z.number(),
});
export const recordAnswer = z.object({
  place: z.string().describe('Its index in the main log; in another one behind the name of that log: finance:7'),
  entry: recordEntrySchema,
  payload: recordPayloadSchema.nullable(),
  erased: erasureMarkSchema.nullable().describe('Why the payload cannot be read any more'),
});

/** How far one stream of the record is. */
export const streamAnswer = z.object({
  name: z.string(),
  log: z.string(),
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
