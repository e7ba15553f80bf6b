import { type Labelled, PortreeveError } from '@portreeve/contract';
import type { RunScope } from './scope.ts';

/**
 * Shows the code which of a few declared outcomes a value is. From then on every action of the run carries the value's
 * label, and the bits of the choice: which way the code takes may follow from it.
 */
export function outcomeStep({ deps, step, record, write, seen, quarantine }: RunScope) {
  return async function outcome<O extends string>(
    value: Labelled<unknown>,
    pointer: string,
    outcomes: readonly O[],
  ): Promise<O | null> {
    if (outcomes.length === 0 || outcomes.length > OUTCOMES_MAX || new Set(outcomes).size !== outcomes.length)
      throw new PortreeveError('misconfigured', `an outcome is one of at most ${OUTCOMES_MAX} different words`);
    const chosen = await step<O | null>('outcome', async (key) => {
      const found = deps.context.outcome(value, pointer, outcomes) as O | null;
      await write(
        record('outcome.seen', { outcomes: [...outcomes], outcome: found }, { key, outcome: found ?? 'none' }),
      );
      return { ok: found };
    });
    seen.push(value.label);
    if (value.label.integrity === 'untrusted') quarantine.shown(Math.ceil(Math.log2(outcomes.length + 1)));
    return chosen;
  };
}

const OUTCOMES_MAX = 16;
