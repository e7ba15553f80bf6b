import { isPortreeveError, type Json, PortreeveError, type RunId } from '@portreeve/contract';
import { barredEnding } from './barred.ts';
import type { Durable } from './ports.ts';
import type { PipelineDeps } from './steps/scope.ts';
import type { Ending } from './stop.ts';
import { completeRun, moveRun, stopRun, type TransitionDeps } from './transitions.ts';
import { workflowContext } from './workflow-context.ts';

/**
 * Carries one run from its admission to its end. Called by the engine, again after every crash: what is durable here is
 * each step, and nothing else may have an effect.
 */
export function taskRunner(
  deps: PipelineDeps & TransitionDeps & { readonly log: (message: string, error: unknown) => void },
) {
  return async (id: RunId, durable: Durable): Promise<void> => {
    const run = await durable.read(() => deps.store.get(id));
    if (!run) throw new PortreeveError('not_found', `There is no run ${id}.`);
    await durable.step('start', async () => {
      await moveRun(deps, id, 'start');
      return null;
    });
    const finish = async (ending: Ending): Promise<void> => {
      const stop = async () => {
        await stopRun(deps, id, ending);
        return null;
      };
      try {
        await durable.step('stop', stop);
      } catch (error) {
        // The engine remembers another step in this place: the release is gone, or the code took another way than before.
        // Ending a run twice changes nothing, so it is done without the engine rather than not at all.
        deps.log(`run ${id} cannot be continued as it was`, error);
        await stop();
      }
    };

    const { releases } = deps;
    if (releases?.isBarred(run.release)) {
      await finish(barredEnding(run));
      return;
    }
    const loaded = releases
      ? await durable.read(() => releases.load(run.workflow, run.release))
      : deps.workflows.pinned(run.workflow, run.release);
    if (!loaded) {
      await finish({
        event: 'hand_off',
        text: `The release ${run.release} of ${run.workflow} is not loaded any more.`,
        next: 'Load that release again and start a new run, or finish the work by hand.',
        handoff: { kind: 'error', context: { input: run.input } },
      });
      return;
    }
    const { context, ending } = workflowContext(deps, durable, run, loaded);
    try {
      const result = await loaded.definition.run(context);
      const stopped = ending();
      if (stopped) {
        // The code caught what ended the run. A refusal is not undone by that, nor is work for a person dropped.
        await finish(stopped);
        return;
      }
      await durable.step('complete', async () => {
        await completeRun(deps, id, result ?? null);
        return null;
      });
    } catch (error) {
      const stopped = ending();
      if (stopped) {
        await finish(stopped);
        return;
      }
      deps.log(`run ${id} failed`, error);
      const detail = isPortreeveError(error)
        ? describe(error)
        : 'The workflow’s code failed; the server’s log has the cause.';
      await finish({
        event: 'hand_off',
        text: detail,
        next: isPortreeveError(error)
          ? error.next
          : 'Correct the workflow, then start a new run or finish the work by hand.',
        handoff: { kind: 'error', context: { input: run.input as Json } },
      });
    }
  };
}

function describe(error: PortreeveError): string {
  const fields = error.errors.map((field) => `${field.path}: ${field.message}`).join('; ');
  return fields ? `${error.detail} (${fields})` : error.detail;
}
