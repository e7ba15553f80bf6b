import type { EndedReading } from '@portreeve/context';
import {
  asId,
  type HandoffId,
  type HandoffKind,
  type JsonObject,
  type Labelled,
  type PromptContract,
  type ValueId,
} from '@portreeve/contract';
import { procedureFor } from '@portreeve/gate';
import { factsOf } from '../facts.ts';
import { handoffTopic, LOOK_AGAIN_MS, moveRun } from '../transitions.ts';
import type { RunScope, Step } from './scope.ts';

/** A question that a person answers in place of the model, or after it. */
export interface Handover {
  readonly kind: HandoffKind;
  readonly prompt: PromptContract;
  readonly why: string;
  readonly context: JsonObject;
  readonly tried: readonly string[];
  readonly material: readonly { readonly name: string; readonly value: Labelled<unknown> }[];
  readonly next: string;
}

/** Hands questions to people, and takes their answers back into the run (requirements E6, I8). */
export function handOver(scope: RunScope) {
  const { deps, durable, run, contract, step, record } = scope;

  /** Whether people have a way of their own to answer this prompt, so that the run waits for it. */
  const isDoneByHand = (prompt: string): boolean =>
    !run.shadow_of && procedureFor(contract.procedures, prompt) !== null;

  /** The id of what this step hands over: the same after a crash. */
  const idOf = (number: number): HandoffId => asId('handoff', `hand_${run.id.slice('run_'.length)}-${number}`);

  /** Opens the work, in the step whose question it is. */
  async function open(
    id: HandoffId,
    { prompt, kind, why, context, tried, material, next }: Handover,
  ): Promise<HandoffId> {
    return deps.uow.transaction((tx) =>
      deps.handoffs.open(tx, {
        ...{ id, kind, why, context, tried, material, next },
        ...{ run: run.id, proposal: null, workflow: factsOf(contract).name, release: run.release, about: prompt.id },
        // The context holds the input.
        ...(contract.input_secrecy ? { label: contract.input_secrecy } : {}),
        awaits: prompt.output,
        procedures: contract.procedures,
        actor: record('handoff.opened', { kind, why }).actor,
      }),
    );
  }

  /**
   * Waits until a person has finished the work. Gives what they said as a kept value; where they say that there is none, the
   * run ends: nobody else takes it up by itself.
   */
  async function answer(id: HandoffId, prompt: string, forget: readonly EndedReading[]): Promise<ValueId> {
    for (;;) {
      const given = await step<ValueId | null>(`handed:${prompt}`, async () => {
        const handoff = await deps.handoffs.get(id);
        if (handoff?.state !== 'done') return { ok: null };
        const result = await deps.handoffs.result(id);
        if (!result) return declined(prompt);
        return {
          ok: await deps.uow.transaction(async (tx) => {
            await deps.context.forgetUsed(tx, run.id, forget);
            return deps.context.save(tx, run.id, result);
          }),
        };
      });
      if (given !== null) return given;
      await move('wait');
      await durable.wait(handoffTopic(id), new Date(deps.clock.now().getTime() + LOOK_AGAIN_MS));
      await move('continue');
    }
  }

  async function move(event: 'wait' | 'continue'): Promise<void> {
    await step<null>(event, async () => {
      await moveRun(deps, run.id, event, { approval: null });
      return { ok: null };
    });
  }

  return { isDoneByHand, idOf, open, answer };
}

/** The work itself is finished and says why, so nothing more is handed over. */
function declined(prompt: string): Step<ValueId> {
  return {
    ending: {
      event: 'hand_off',
      text: `A person was asked in place of the prompt ${prompt}, and gave no answer.`,
      next: 'The hand-off says why. Start a new run where there is more to go on.',
    },
  };
}
