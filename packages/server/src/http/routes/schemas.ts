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

/** A path parameter that is an id of one kind. */
export const idParam = <K extends Parameters<typeof idSchema>[0]>(kind: K) => z.object({ id: idSchema(kind) });
