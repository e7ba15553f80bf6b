import { type Clock, isPortreeveError, type Run, type UnwindOutcome } from '@portreeve/contract';
import { type Unwindings, unwindOutcome } from '@portreeve/gate';
import type { Durable } from './ports.ts';

/** The topic on which a run hears that its unwinding has ended. */
export const unwindTopic = (run: string): string => `unwind:${run}`;

/** Until a nudge that was lost is made up for. */
const LOOK_AGAIN_MS = 600_000;

interface UnwindRunDeps {
  readonly unwindings: Pick<Unwindings, 'begin' | 'advance' | 'get'>;
  readonly clock: Clock;
  readonly durable: Durable;
  readonly run: Run;
  /** A durable step of the run; its key is the same after a crash. */
  step<T>(name: string, fn: (key: string) => Promise<{ readonly ok: T }>): Promise<T>;
  move(event: 'wait' | 'continue'): Promise<null>;
}

/** `context.unwind()`: asks once, and waits as an action does. */
export function unwindRun({ unwindings, clock, durable, run, step, move }: UnwindRunDeps) {
  return async ({ rationale }: { readonly rationale: string }): Promise<UnwindOutcome> => {
    let outcome = await step<UnwindOutcome | null>('unwind', async (key) => {
      try {
        return { ok: unwindOutcome(await unwindings.begin(run.id, { by: run.principal, reason: rationale, key })) };
      } catch (error) {
        if (!isPortreeveError(error, 'conflict')) throw error;
        return { ok: { status: 'unwound', undone: 0, left: [], handoff: null } };
      }
    });
    while (outcome === null) {
      await step('wait', async () => ({ ok: await move('wait') }));
      await durable.wait(unwindTopic(run.id), new Date(clock.now().getTime() + LOOK_AGAIN_MS));
      outcome = await step<UnwindOutcome | null>('unwound', async () => {
        await unwindings.advance(run.id);
        const now = await unwindings.get(run.id);
        return { ok: now && unwindOutcome(now) };
      });
      await step('continue', async () => ({ ok: await move('continue') }));
    }
    return outcome;
  };
}
