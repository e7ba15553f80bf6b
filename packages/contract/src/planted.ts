import { z } from 'zod';
import { jsonObjectSchema } from './canonical.ts';
import { nameSchema } from './ids.ts';
import type { Proposal } from './proposal.ts';

/**
 * A test of whoever approves (requirement H7): a task of this input, in whose first use of the tool these arguments stand in
 * place of those that it would have had. A good case is a real past proposal with one thing wrong.
 */
export const plantedCaseSchema = z.strictObject({
  id: nameSchema,
  input: jsonObjectSchema,
  tool: nameSchema,
  /** By the name of the argument. */
  args: jsonObjectSchema,
  /** What a reviewer should have seen. */
  wrong: z.string().min(1).max(500),
});
export type PlantedCase = z.infer<typeof plantedCaseSchema>;

declare const executable: unique symbol;
/** A proposal that nobody has planted, and that is no shadow’s. Grants are made for nothing else. */
export type Executable = Proposal & { readonly [executable]: true };

/** INVARIANT: the only way to an {@link Executable}. A planted proposal, or that of a shadow, is a bug in whoever asks for
 * it here. */
export function executableOf({
  proposal,
  planted,
  shadow,
}: {
  readonly proposal: Proposal;
  readonly planted: boolean;
  readonly shadow?: true;
}): Executable {
  if (planted || shadow) throw new TypeError(`the proposal ${proposal.id} can never be carried out`);
  return proposal as Executable;
}
