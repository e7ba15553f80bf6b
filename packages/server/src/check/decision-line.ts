import { decisionSchema } from '@portreeve/contract';
import { z } from 'zod';

/** A line of `GET /v1/policy/decisions`: a recorded decision with the request that it judged. */
export const decisionLineSchema = z.object({
  record: z.string().max(100),
  request: z.unknown(),
  decision: decisionSchema.nullable(),
});
