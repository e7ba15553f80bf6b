import { actorOf, draft, type Principal, type Proposal, type RecordDraft, type UndoRefusal } from '@portreeve/contract';
import { refsOf } from '../records.ts';
import type { StoredUndo, StoredUnwinding } from './ports.ts';

export function requestedRecord(undone: Proposal, undo: StoredUndo, tool: string): RecordDraft {
  return draft({
    type: 'undo.requested',
    actor: actorOf(undo.asked_by),
    refs: { ...refsOf(undone), proposal: undo.by_proposal!, execution: undo.execution, tool },
    data: { undoes: undone.id, execution: undo.execution, tool, number: undo.number, reason: undo.reason },
  });
}

export function refusedRecord(proposal: Proposal, code: UndoRefusal, reason: string, by: Principal): RecordDraft {
  return draft({
    type: 'undo.refused',
    actor: actorOf(by),
    refs: refsOf(proposal),
    outcome: code,
    data: { code, reason },
  });
}

export function undoEndedRecord(undone: Proposal, undo: StoredUndo): RecordDraft {
  const { state, why, handoff, execution } = undo;
  return draft({
    type: 'undo.ended',
    actor: actorOf(undo.asked_by),
    refs: { ...refsOf(undone), execution, ...(handoff ? { handoff } : {}) },
    outcome: state,
    data: { undoes: undone.id, execution, state, why, handoff },
  });
}

export function begunRecord(unwinding: StoredUnwinding, release: string): RecordDraft {
  const { run, workflow, number, reason, ahead } = unwinding;
  return draft({
    type: 'unwinding.begun',
    actor: actorOf(unwinding.asked_by),
    refs: { run, workflow, release },
    data: { number, reason, effects: [...ahead] },
  });
}

export function unwindingEndedRecord(unwinding: StoredUnwinding, release: string): RecordDraft {
  const { run, workflow, state, undone, left, handoff } = unwinding;
  return draft({
    type: 'unwinding.ended',
    actor: actorOf(unwinding.asked_by),
    refs: { run, workflow, release, ...(handoff ? { handoff } : {}) },
    outcome: state,
    data: {
      state,
      undone: [...undone],
      left: left.map(({ proposal, tool, why }) => ({ proposal, tool, why })),
      handoff,
    },
  });
}
