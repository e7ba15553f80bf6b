import { z } from 'zod';
import { jsonObjectSchema } from './canonical.ts';
import { nameSchema } from './ids.ts';

/**
 * What becomes of a question while no model endpoint that may have it answers (requirement E6): a person takes it at
 * once, it waits for so long and then a person takes it, or a declared answer stands in for the model's. Only workflows
 * of low and medium risk may go on with an answer that no model has given.
 */
export const onOutageSchema = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('hand_off') }),
  z.strictObject({ do: z.literal('wait'), minutes: z.int().min(1).max(43_200) }),
  /** By prompt; a question without a declared answer is a person's. Each must fit the prompt's output schema. */
  z.strictObject({ do: z.literal('degrade'), answers: z.record(nameSchema, jsonObjectSchema) }),
]);
export type OnOutage = z.infer<typeof onOutageSchema>;
