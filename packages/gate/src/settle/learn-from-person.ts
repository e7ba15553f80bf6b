import {
  type CallOutcome,
  compileSchema,
  type Handoff,
  type HandoffId,
  type Json,
  PortreeveError,
  type Principal,
} from '@portreeve/contract';
import type { StoredProposal } from '../ports.ts';
import { type AfterCallDeps, createAfterCall } from './after-call.ts';

/** What a person found out: whether it happened, and where it did, what came of it as far as they know. */
export interface Finding {
  readonly came: 'happened' | 'did_not_happen';
  readonly result?: Json;
}

/**
 * Closes the hand-off of an unknown outcome with what the person found out, in one transaction. From then on the proposal
 * has succeeded or failed, and can be undone, or be asked for anew. Throws `bad_input` for another kind of hand-off, and
 * for a result that does not fit the tool's contract.
 */
export function learnFromPerson(
  deps: AfterCallDeps,
): (id: HandoffId, finding: Finding, note: string, by: Principal) => Promise<Handoff> {
  const after = createAfterCall(deps);
  return (id, finding, note, by) =>
    deps.handoffs.finish(id, { note, result: null }, by, async (tx, handoff) => {
      const stored = handoff.proposal && (await deps.store.lock(tx, handoff.proposal));
      if (handoff.kind !== 'unknown_outcome' || !stored) {
        throw new PortreeveError('bad_input', `The hand-off ${id} is not about an outcome that nobody knows.`, {
          next: 'Close it with a note alone.',
        });
      }
      await after.learned(tx, stored, outcomeOf(finding, stored), note, by);
    });
}

function outcomeOf(finding: Finding, { contract, outcome }: StoredProposal): CallOutcome {
  const duration_ms = outcome?.duration_ms ?? 0;
  if (finding.came === 'did_not_happen')
    return { state: 'failed', reason: 'a person found that it did not happen', duration_ms };
  if (finding.result === undefined) return { state: 'succeeded', result: null, duration_ms };
  const errors = compileSchema(contract.result)(finding.result);
  if (errors.length > 0)
    throw new PortreeveError('bad_input', `The result does not fit the contract of ${contract.name}.`, { errors });
  return { state: 'succeeded', result: finding.result, duration_ms };
}
