import { isPortreeveError, type UnwindOutcome } from '@portreeve/contract';
import { unwindOutcome } from '@portreeve/gate';
import { LOOK_AGAIN_MS, moveRun } from '../transitions.ts';
import type { RunScope } from './scope.ts';

/** The topic on which a run hears that its unwinding has ended. */
export const unwindTopic = (run: string): string => `unwind:${run}`;

/** Has the gate take back what the run did: asks once, and waits as an action does. */
export function unwindStep({ deps, durable, run, step }: RunScope) {
  return async ({ rationale }: { readonly rationale: string }): Promise<UnwindOutcome> => {
    let outcome = await step<UnwindOutcome | null>('unwind', async (key) => {
      try {
        return {
          ok: unwindOutcome(await deps.unwindings.begin(run.id, { by: run.principal, reason: rationale, key })),
        };
      } catch (error) {
        if (!isPortreeveError(error, 'conflict')) throw error;
        return { ok: { status: 'unwound', undone: 0, left: [], handoff: null } };
      }
    });
    while (outcome === null) {
      await step('wait', () => move('wait'));
      await durable.wait(unwindTopic(run.id), new Date(deps.clock.now().getTime() + LOOK_AGAIN_MS));
      outcome = await step<UnwindOutcome | null>('unwound', async () => {
        await deps.unwindings.advance(run.id);
        const now = await deps.unwindings.get(run.id);
        return { ok: now && unwindOutcome(now) };
      });
      await step('continue', () => move('continue'));
    }
    return outcome;
  };

  async function move(event: 'wait' | 'continue'): Promise<{ readonly ok: null }> {
    await moveRun(deps, run.id, event, { approval: null });
    return { ok: null };
  }
}
