import {
  type AuditWriter,
  type Decision,
  draft,
  type Proposal,
  type RecordRefs,
  SYSTEM_ACTOR,
  type Tx,
} from '@portreeve/contract';
import type { NoticeStore } from './ports.ts';

/**
 * Posts what a decision wants groups to be told (outcome `notify`), in the transaction that lets the action go on: an
 * action of which nobody could be told does not happen.
 */
export async function postNotice(
  deps: { notices: NoticeStore; audit: AuditWriter },
  tx: Tx,
  proposal: Proposal,
  decision: Decision,
  refs: RecordRefs,
  at: Date,
): Promise<void> {
  if (decision.notify.length === 0) return;
  const text =
    `${proposal.tool} ${proposal.tool_version} goes ahead for ${proposal.principal.name}: ${proposal.rationale}`
      .slice(0, 4000)
      // The cut may have gone through a character of two halves.
      .toWellFormed();
  await deps.notices.insert(tx, {
    decision: decision.id,
    groups: decision.notify,
    proposal: proposal.id,
    run: proposal.run,
    workflow: proposal.workflow,
    text,
    posted_at: at.toISOString(),
  });
  await deps.audit.append(tx, [
    draft({
      type: 'notice.posted',
      actor: SYSTEM_ACTOR,
      refs: { ...refs, decision: decision.id },
      outcome: 'notify',
      data: { groups: decision.notify, text },
    }),
  ]);
}
