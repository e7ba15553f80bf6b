import { applyMapping, type JsonObject, type UndoRefusal } from '@portreeve/contract';
import { derivedId } from '../derived-id.ts';
import type { StoredProposal } from '../ports.ts';
import { recordedArguments } from '../recorded-arguments.ts';
import { argumentErrors, type Wish } from '../wish.ts';
import type { StoredUndo } from './ports.ts';

/** Why an effect can never be undone, for a person. */
export interface Excluded {
  readonly why: string;
  readonly next: string;
}

/** Why nobody can ask for it, or not yet: nothing is changed by asking. */
export function refusalOf({ serves, contract, state, proposal }: StoredProposal): [UndoRefusal, string, string] | null {
  if (serves?.purpose === 'undo')
    return ['undo_of_undo', 'It is itself an undo, and an undo is not undone.', 'Propose the action anew.'];
  if (contract.effect === 'read' || serves)
    return ['no_effect', `${contract.name} only reads: there is nothing to take back.`, 'Nothing needs to be done.'];
  if (state === 'unknown' || state === 'settling' || state === 'retrying')
    return [
      'outcome_unknown',
      `It is not known whether ${contract.name} took effect.`,
      'Settle that first: the hand-off of it takes what you find.',
    ];
  if (state === 'succeeded') return null;
  return [
    'not_succeeded',
    `${proposal.id} is ${state}: nothing was done that could be taken back.`,
    'Nothing needs to be done.',
  ];
}

/** Until when one may ask; null where it was never to be undone. */
export function windowEnd({ contract, succeeded_at }: StoredProposal): Date | null {
  if (contract.undo === 'irreversible' || succeeded_at === null) return null;
  return new Date(Date.parse(succeeded_at) + contract.undo.window_minutes * 60_000);
}

/** Why it can never be undone; null where it can, for all that is known now. */
export function exclusionOf(stored: StoredProposal, now: Date): Excluded | null {
  const { contract, companions } = stored;
  const { name, undo } = contract;
  const next = 'Take it back by hand in the downstream system, or let it stand; then close this with what you did.';
  if (undo === 'irreversible')
    return { why: `${name} is irreversible: its contract names nothing that undoes it.`, next };
  const end = windowEnd(stored);
  if (!end || now > end)
    return { why: `${name} could be undone for ${undo.window_minutes} minutes, until ${end?.toISOString()}.`, next };
  const tool = companions.find((each) => each.name === undo.tool);
  if (!tool) return { why: `${undo.tool}, which undoes ${name}, was not kept with it.`, next };
  const { args } = valuesOf(stored);
  const [error] = argumentErrors(tool, args);
  if (error)
    return {
      why: `The arguments of ${undo.tool} do not follow from what is recorded: ${error.path} ${error.message}.`,
      next,
    };
  return null;
}

/** The proposal that takes it back: for who asked, from what was recorded of the call and of its answer. */
export function undoWish(stored: StoredProposal, undo: StoredUndo): Wish {
  const { proposal, contract, companions } = stored;
  const { undo: how } = contract;
  const tool = how === 'irreversible' ? undefined : companions.find((each) => each.name === how.tool);
  if (how === 'irreversible' || !tool || !undo.by_proposal) throw new TypeError(`${proposal.id} cannot be undone`);
  const { args, provenance } = recordedArguments(stored, valuesOf(stored).args, how.args);
  return {
    id: undo.by_proposal,
    run: proposal.run,
    workflow: stored.workflow,
    approval_timeout_minutes: stored.approval_timeout_minutes,
    history: stored.history,
    release: proposal.release,
    principal: undo.asked_by,
    contract: tool,
    args,
    request: {},
    rationale: `Undo of ${contract.name} (${undo.execution}): ${undo.reason}`,
    evidence: null,
    stoodFor: provenance,
    injection: stored.injection,
    tools: companions,
    serves: { purpose: 'undo', of: proposal.id },
  };
}

export const undoId = (stored: StoredProposal, number: number) => derivedId(stored.proposal.id, `u${number}`);

function valuesOf({ contract, proposal, outcome }: StoredProposal): { readonly args: JsonObject } {
  if (contract.undo === 'irreversible') return { args: {} };
  const result = outcome?.state === 'succeeded' ? outcome.result : null;
  return applyMapping(contract.undo.args, { args: proposal.args, result });
}
