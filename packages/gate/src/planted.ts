import {
  type Arguments,
  type ArgumentValue,
  type Decision,
  Labelled,
  type PlantedCase,
  type Proposal,
  type ProposalId,
  type RunId,
  type Tx,
} from '@portreeve/contract';
import type { Gate } from './gate.ts';
import type { PlantedMarks } from './ports.ts';

/** Which runs are planted. */
export interface PlantedRuns {
  /** The case of a planted run, and the proposal of it that is shown, once there is one; null for any other run. */
  ofRun(run: RunId): Promise<{ readonly case: PlantedCase | null; readonly shown: ProposalId | null } | null>;
}

/**
 * The gate as runs reach it: the first use of the case's tool in a planted run has the arguments of the case, and whatever
 * such a run wishes is planted. INVARIANT: nothing of a planted run comes to the gate in any other way.
 */
export function plantingGate(gate: Gate, runs: PlantedRuns): Gate {
  return {
    ...gate,
    async submit(wish) {
      const found = wish.run === null ? null : await runs.ofRun(wish.run);
      if (!found) return gate.submit(wish);
      const { case: planted, shown } = found;
      const first = planted?.tool === wish.contract.name && (shown === null || shown === wish.id);
      if (!first) return gate.submit({ ...wish, planted: { shown: false } });
      return gate.submit({ ...wish, args: varied(wish.args, planted.args), planted: { shown: true } });
    },
  };
}

/** The arguments with some in others' place. Each keeps the label of what stood there, so that it looks as that would. */
function varied(args: Arguments, change: PlantedCase['args']): Arguments {
  const entries = Object.entries(change).map(([name, value]): [string, ArgumentValue] => {
    const before = args[name];
    return [name, before instanceof Labelled ? new Labelled(value, before.label) : value];
  });
  return { ...args, ...Object.fromEntries(entries) };
}

export async function markPlanted(
  { planted }: { readonly planted?: PlantedMarks },
  tx: Tx,
  { id, run }: Proposal,
  shown: boolean,
): Promise<void> {
  if (!planted || run === null) throw new TypeError(`the proposal ${id} cannot be marked as planted`);
  await planted.mark(tx, id, run, shown);
}

/** How a planted proposal ends that was approved. Why is not told here: the record does. */
export function neverDone(decision: Decision): Decision {
  return notCarriedOut(decision, 'It is not carried out.');
}

/** How a shadow's proposal ends, whatever policy says of it; that stands on record. */
export function ofShadow(decision: Decision): Decision {
  return notCarriedOut(decision, `Policy says ${decision.outcome}; nothing that a shadow wishes is carried out.`);
}

function notCarriedOut(decision: Decision, text: string): Decision {
  return {
    ...decision,
    outcome: 'refuse',
    reasons: [{ layer: 'environment', rule: 'default-deny', code: 'not_carried_out', text }],
    remedies: [],
    next: 'Nothing is left to do.',
  };
}
