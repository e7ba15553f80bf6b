import type { ToolContract } from './workflow.ts';

/** What a tool says of itself against what requirement C3 says of such acts, as the rest of a sentence; null: nothing. */
export function tierFault({
  tier,
  effect,
  sinks,
}: Pick<ToolContract, 'tier' | 'effect' | 'sinks'>): { readonly message: string; readonly fix: string } | null {
  if (effect === 'external' && tier < 3)
    return { message: `reaches outside parties, and its tier is ${tier}`, fix: 'Declare tier 3 (or 4).' };
  if (effect !== 'read' && tier < 3 && sinks.some(({ kind }) => kind === 'amount'))
    return {
      message: `moves an amount, and its tier is ${tier}`,
      fix: 'Declare tier 3 (or 4): money needs an approval.',
    };
  return null;
}
