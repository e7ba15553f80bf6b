import { type Json, type Labelled, select } from '@portreeve/contract';
import { open } from '@portreeve/contract/open';

/**
 * Which of a few words a labelled value is, or its part at a JSON pointer; `null` where it is none of them. That is all that
 * leaves: whoever asks accounts for the bits.
 */
export function closedOutcome(
  labelled: Labelled<unknown>,
  pointer: string,
  outcomes: readonly string[],
): string | null {
  const found = select(open(labelled) as Json, pointer)[0]?.value;
  return outcomes.find((outcome) => outcome === found) ?? null;
}
