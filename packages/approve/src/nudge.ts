import {
  type Approval,
  type ApprovalId,
  type AuditWriter,
  draft,
  SYSTEM_ACTOR,
  type Tx,
  type UnitOfWork,
} from '@portreeve/contract';
import { type ClosingDeps, toApproval } from './closing.ts';
import { isOverdue } from './judge.ts';
import type { NudgeKind, Nudges } from './ports.ts';

/** When, in the time that an approval has, its groups are reminded, and its owners are told that it may expire. */
const SHARE: Readonly<Record<NudgeKind, number>> = { remind: 0.5, escalate: 0.8 };
const BATCH = 200;

export function nudgesOf(approval: Pick<Approval, 'created_at' | 'expires_at'>): Nudges {
  const [from, to] = [Date.parse(approval.created_at), Date.parse(approval.expires_at)];
  const at = (kind: NudgeKind) => new Date(from + Math.floor((to - from) * SHARE[kind])).toISOString();
  return { remind: at('remind'), escalate: at('escalate') };
}

export interface NudgeDeps extends ClosingDeps {
  readonly uow: UnitOfWork;
  readonly audit: AuditWriter;
  /**
   * Whom to tell: of a reminder the groups that may decide, of an escalation whom the owners named for that. Being told
   * gives nobody the right to decide.
   */
  readonly onNudge?: (tx: Tx, approval: Approval, kind: NudgeKind) => Promise<readonly string[]>;
}

/** Reminds and escalates what is due, each once, and says which. */
export async function nudgeDue(deps: NudgeDeps): Promise<ApprovalId[]> {
  const done: ApprovalId[] = [];
  for (const kind of ['remind', 'escalate'] as const)
    for (const id of await deps.store.nudgesDue(kind, deps.clock.now().toISOString(), BATCH))
      if (await deps.uow.transaction((tx) => nudge(deps, tx, id, kind))) done.push(id);
  return done;
}

async function nudge(deps: NudgeDeps, tx: Tx, id: ApprovalId, kind: NudgeKind): Promise<boolean> {
  const stored = await deps.store.lock(tx, id);
  if (stored?.state !== 'pending' || isOverdue(stored, deps.clock.now())) return false;
  if (!(await deps.store.nudged(tx, id, kind))) return false;
  const groups = (await deps.onNudge?.(tx, toApproval(stored), kind)) ?? stored.groups;
  const data = { kind, groups: [...groups], expires_at: stored.expires_at };
  await deps.audit.append(tx, [
    draft({ type: 'approval.nudged', actor: SYSTEM_ACTOR, refs: stored.refs, outcome: kind, data }),
  ]);
  return true;
}
