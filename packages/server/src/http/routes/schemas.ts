import { approvalSchema, handoffSchema, idSchema, principalSchema, runSchema } from '@portreeve/contract';
import { z } from 'zod';

/*
 * What answers look like. `z.unknown` parts are described by the contract package; the OpenAPI document names them.
 * Answers hold branded ids: on the way out they are plain strings.
 */

const anything = z.unknown();
export const listLimit = z.coerce.number().int().min(1).max(200).default(50);

/** An answer of ours is built from validated parts: it is described, and passed on as it is. */
const described = <T extends z.ZodType>(_schema: T, description: string) => anything.describe(description);

export const principalAnswer = described(principalSchema, 'A principal');
export const signedInSchema = z.object({
  token: z.string().describe('The bearer token; it is shown this once'),
  session: z.string(),
  expires_at: z.string(),
  principal: principalAnswer,
});
export const runAnswer = described(
  runSchema,
  'A run: id, workflow, release, state, input, result, ending, approval, times',
);
export const approvalAnswer = described(approvalSchema, 'An approval with its verdicts');
export const handoffAnswer = described(handoffSchema, 'A hand-off: kind, why, context, next');
export const recordAnswer = z.object({ entry: anything, payload: anything });

/** A path parameter that is an id of one kind. */
export const idParam = <K extends Parameters<typeof idSchema>[0]>(kind: K) => z.object({ id: idSchema(kind) });
