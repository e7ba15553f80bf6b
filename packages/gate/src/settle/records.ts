import {
  actorOf,
  draft,
  type ExecutionId,
  type Proposal,
  type RecordData,
  type RecordDraft,
  type Settlement,
  type SettlingTry,
} from '@portreeve/contract';
import { refsOf } from '../records.ts';

export function plannedRecord(proposal: Proposal, execution: ExecutionId, settlement: Settlement): RecordDraft {
  const { next, calls } = settlement;
  return draft({
    type: 'settlement.planned',
    actor: actorOf(proposal.principal),
    refs: { ...refsOf(proposal), execution },
    data: { execution, reason: calls.at(-1)!.reason, way: next!.way, at: next!.at },
  });
}

export function triedRecord(proposal: Proposal, made: SettlingTry, settlement: Settlement): RecordDraft {
  const { way, came, reason, execution, asked } = made;
  return draft({
    type: 'settlement.tried',
    actor: actorOf(proposal.principal),
    refs: { ...refsOf(proposal), ...(execution ? { execution } : {}) },
    outcome: came,
    data: {
      ...{ way, came, reason, execution, asked },
      number: settlement.tries.length,
      next_at: settlement.next?.at ?? null,
    },
  });
}

export function endedRecord(
  proposal: Proposal,
  settlement: Settlement | null,
  ended: Omit<RecordData<'settlement.ended'>, 'tries'>,
  actor = actorOf(proposal.principal),
): RecordDraft {
  return draft({
    type: 'settlement.ended',
    actor,
    refs: refsOf(proposal),
    outcome: ended.came,
    data: { ...ended, tries: settlement?.tries.length ?? 0 },
  });
}
