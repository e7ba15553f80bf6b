import { z } from 'zod';

/** A place in an answer, `*` for every item of a list. */
export const placeSchema = z
  .string()
  .max(200)
  .regex(/^(\/([^~/]|~[01])+)+$/, 'use a pointer such as /lines/*/amount_cents');

const member = z.string().min(1).max(64);

/**
 * Claims in an answer that quote what they rest on. `supported` is filled in by Portreeve: whether the quoted passage
 * stands in a piece of evidence that the claim cites. The model is not asked for it.
 */
export const claimsSchema = z.strictObject({
  at: placeSchema,
  quote: member.default('quote'),
  evidence: member.default('evidence'),
  supported: member.default('supported'),
});
export type Claims = z.infer<typeof claimsSchema>;

const message = z.string().min(1).max(300);

/** What an answer must mean besides fitting its schema. Numbers are whole; `message` goes to the model and to people. */
export const semanticCheckSchema = z.discriminatedUnion('check', [
  /** The numbers at `of` add up to the number at `equals`. */
  z.strictObject({ check: z.literal('sum'), of: placeSchema, equals: placeSchema, message }),
  /** Each is not later (ISO 8601 dates) or greater (numbers) than the other. */
  z.strictObject({ check: z.literal('order'), first: placeSchema, last: placeSchema, message }),
  /** No two values are the same. */
  z.strictObject({ check: z.literal('unique'), of: placeSchema, message }),
  /** Each text stands, word for word, in some piece of the evidence that was shown. */
  z.strictObject({ check: z.literal('in_evidence'), of: placeSchema, message }),
]);
export type SemanticCheck = z.infer<typeof semanticCheckSchema>;
