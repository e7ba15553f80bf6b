import type { Json, Run } from '@portreeve/contract';
import type { Ending } from './stop.ts';

/** How a run ends whose release was barred: nothing more of it is done, and a person takes over. */
export function barredEnding({ release, workflow, input }: Run): Ending {
  return {
    event: 'hand_off',
    text: `The release ${release} of ${workflow} was barred, so the run does not go on.`,
    next: 'Finish the work by hand, or start a new run: it takes the release that is in production now.',
    handoff: { kind: 'error', context: { input: input as Json } },
  };
}
