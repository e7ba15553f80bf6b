import {
  type AuditWriter,
  actorOf,
  type Clock,
  draft,
  type JsonObject,
  PortreeveError,
  type Run,
  type RunId,
  type UnitOfWork,
} from '@portreeve/contract';
import type { Handoffs } from '@portreeve/gate';
import type { ContextStage, RunStore, Workflows } from './ports.ts';
import { nextState } from './states.ts';
import type { Ending } from './stop.ts';

export interface TransitionDeps {
  readonly store: RunStore;
  readonly context: Pick<ContextStage, 'forget' | 'forgetRun'>;
  readonly workflows: Workflows;
  readonly audit: AuditWriter;
  readonly handoffs: Pick<Handoffs, 'open'>;
  readonly uow: UnitOfWork;
  readonly clock: Clock;
}

/** The topic on which a run hears that its approval was closed. */
export const approvalTopic = (approval: string): string => `approval:${approval}`;

/** The topic on which a run hears that a person has finished what was handed over. */
export const handoffTopic = (handoff: string): string => `handoff:${handoff}`;

/**
 * Milliseconds after which a run that waits for people looks by itself. Rarely: a nudge commits with what it tells of, and
 * each look makes the run longer.
 */
export const LOOK_AGAIN_MS = 86_400_000;

/** Moves a run between states that do not end it. Repeating a move changes nothing. */
export async function moveRun(
  deps: Pick<TransitionDeps, 'store' | 'uow'>,
  id: RunId,
  event: 'start' | 'wait' | 'continue',
  patch: Partial<Pick<Run, 'approval'>> = {},
): Promise<void> {
  await deps.uow.transaction(async (tx) => {
    const run = await locked(deps.store.lock(tx, id), id);
    await deps.store.update(tx, id, { ...patch, state: nextState(run.state, event) });
  });
}

const EVENT_BY_ENDING = { completed: 'complete', refused: 'stop', handed_off: 'hand_off', failed: 'fail' } as const;
const STATE_BY_EVENT = { stop: 'refused', hand_off: 'handed_off', fail: 'failed' } as const;

/** Ends a run well. Does nothing where it has ended already: the step was repeated after a crash. */
export function completeRun(deps: TransitionDeps, id: RunId, result: JsonObject | null): Promise<void> {
  return end(deps, id, 'completed', 'The workflow came to its end.', result, null);
}

/** Ends a run early, and opens the hand-off that its ending asks for, in one transaction. */
export function stopRun(deps: TransitionDeps, id: RunId, ending: Ending): Promise<void> {
  return end(deps, id, STATE_BY_EVENT[ending.event], `${ending.text} ${ending.next}`.trim(), null, ending);
}

function end(
  deps: TransitionDeps,
  id: RunId,
  state: keyof typeof EVENT_BY_ENDING,
  text: string,
  result: JsonObject | null,
  ending: Ending | null,
): Promise<void> {
  return deps.uow.transaction(async (tx) => {
    const run = await locked(deps.store.lock(tx, id), id);
    if (run.ended_at !== null) return;
    nextState(run.state, EVENT_BY_ENDING[state]);
    await deps.store.update(tx, id, {
      state,
      result,
      ending: text,
      approval: null,
      ended_at: deps.clock.now().toISOString(),
    });
    const { contract, sources = [] } = deps.workflows.pinned(run.workflow, run.release)?.definition ?? {};
    const nothingStays = contract?.boundaries?.kept.days === 0;
    await deps.context.forgetRun(tx, id, nothingStays ? 'all' : 'what-has-a-life');
    // What was attached has the life of the sources that read it.
    if (
      nothingStays ||
      sources.some(
        ({ binding, life, fields }) => binding.kind === 'attachment' && (life || fields.some((field) => field.life)),
      )
    )
      await deps.store.forgetAttachments(tx, id);
    const actor = actorOf(run.principal);
    // Nobody is asked to finish what was never to be done.
    if (ending?.handoff && !run.shadow_of) {
      // The context holds the input. Of a release that is not loaded any more, today's says how secret that is.
      const says = contract ?? deps.workflows.current(run.workflow)?.definition.contract;
      await deps.handoffs.open(tx, {
        kind: ending.handoff.kind,
        run: id,
        proposal: null,
        workflow: run.workflow,
        release: run.release,
        ...(says?.input_secrecy ? { label: says.input_secrecy } : {}),
        about: ending.handoff.about ?? null,
        tried: ending.handoff.tried ?? [],
        why: ending.text,
        context: ending.handoff.context,
        next: ending.next,
        actor,
      });
    }
    const refs = { run: id, workflow: run.workflow, release: run.release };
    const erased = await deps.context.forget(tx, id);
    await deps.audit.append(tx, [
      ...(erased === 0
        ? []
        : [draft({ type: 'pseudonyms.erased', actor, refs, data: { count: erased }, key: `${id}:erased` })]),
      draft({
        type: 'run.ended',
        actor,
        refs,
        outcome: state,
        data: { state, ending: text, result },
        key: `${id}:ended`,
      }),
    ]);
  });
}

async function locked(found: Promise<Run | null>, id: RunId): Promise<Run> {
  const run = await found;
  if (!run) throw new PortreeveError('not_found', `There is no run ${id}.`);
  return run;
}
