import {
  type ApprovalId,
  type AuditWriter,
  actorOf,
  type Clock,
  type ExecutionId,
  isPortreeveError,
  PortreeveError,
  type Principal,
  type ProposalId,
  type Tx,
  type UndoState,
  type UnitOfWork,
} from '@portreeve/contract';
import type { Gate } from '../gate.ts';
import { aboutProposal } from '../handoff-wishes.ts';
import type { Handoffs } from '../handoffs.ts';
import type { ProposalStore, StoredProposal } from '../ports.ts';
import type { GateResult } from '../result.ts';
import type { StoredUndo, UndoStore } from './ports.ts';
import { refusedRecord, requestedRecord, undoEndedRecord } from './records.ts';
import { nextUndo, type UndoEvent } from './states.ts';
import { type Excluded, exclusionOf, refusalOf, undoId, undoWish, windowEnd } from './undo-wish.ts';

export interface UndoDeps {
  readonly gate: Pick<Gate, 'submit'>;
  readonly store: ProposalStore;
  readonly undos: UndoStore;
  readonly handoffs: Handoffs;
  readonly audit: AuditWriter;
  readonly uow: UnitOfWork;
  readonly clock: Clock;
}

export interface UndoAsk {
  readonly by: Principal;
  readonly reason: string;
  /** The unwinding that asks: what stands is listed there, in one hand-off. */
  readonly unwinding?: number;
}

/** Where the undo of an effect stands, for whoever asks. */
export interface UndoView {
  readonly proposal: ProposalId;
  readonly execution: ExecutionId;
  readonly tool: string;
  readonly state: UndoState;
  /** The proposal that undoes it. */
  readonly by_proposal: ProposalId | null;
  /** Where people are asked. */
  readonly approval: ApprovalId | null;
  readonly asked_by: string | null;
  readonly reason: string | null;
  readonly why: string | null;
  readonly handoff: StoredUndo['handoff'];
  /** Until when one may ask; null where it was never to be undone. */
  readonly until: string | null;
}

/** Takes effects back, each by a proposal of its own that passes the gate (requirement F10). SPEC.md 27 to 29. */
export interface Undos {
  /**
   * Asks that an effect be undone. Asking again, or at the same time, joins. Throws `not_found`, or `conflict` where there
   * is nothing to take back or not yet; what can never be undone becomes a hand-off.
   */
  request(stored: StoredProposal, ask: UndoAsk): Promise<UndoView>;
  view(stored: StoredProposal): Promise<UndoView>;
  /** The proposal of an execution, or `not_found`. */
  find(execution: ExecutionId): Promise<StoredProposal>;
  /** Goes on with what was asked for: after a verdict, a crash, or when an outcome came to be known. */
  sweep(limit?: number): Promise<readonly { readonly proposal: ProposalId; readonly error: unknown }[]>;
}

const SWEEP_MAX = 50;

export function createUndos(deps: UndoDeps): Undos {
  const { gate, store, undos, handoffs, audit, uow, clock } = deps;
  return { request, view, find, sweep };

  async function find(execution: ExecutionId): Promise<StoredProposal> {
    const stored = await store.ofExecution(execution);
    if (!stored) throw new PortreeveError('not_found', `There is no execution ${execution}.`);
    return stored;
  }

  async function request(stored: StoredProposal, ask: UndoAsk): Promise<UndoView> {
    const refusal = refusalOf(stored);
    if (refusal) {
      const [code, text, next] = refusal;
      await uow.transaction((tx) => audit.append(tx, [refusedRecord(stored.proposal, code, ask.reason, ask.by)]));
      throw new PortreeveError('conflict', text, { next, extra: { refusal: code } });
    }
    const before = await undos.get(stored.proposal.id);
    const state = before?.state ?? 'none';
    if (state === 'none' || state === 'declined' || state === 'failed') await ask_(stored, before, ask);
    const now = await undos.get(stored.proposal.id);
    if (now) await follow(stored, now);
    return view(stored);
  }

  async function ask_(stored: StoredProposal, before: StoredUndo | null, ask: UndoAsk): Promise<void> {
    const number = (before?.number ?? 0) + 1;
    const from = before?.state ?? 'none';
    const asked = {
      ...{ proposal: stored.proposal.id, execution: stored.execution!, number },
      ...{ asked_by: ask.by, reason: ask.reason, asked_at: clock.now().toISOString() },
      unwinding: ask.unwinding ?? null,
    };
    const excluded = exclusionOf(stored, clock.now());
    await uow.transaction(async (tx) => {
      if (excluded) return exclude(tx, stored, from, { ...asked, by_proposal: null }, excluded);
      const by_proposal = undoId(stored, number);
      const state = nextUndo(from, 'request') as StoredUndo['state'];
      const undo: StoredUndo = { ...asked, state, by_proposal, why: null, handoff: null };
      if (!(await undos.move(tx, from, undo))) return;
      const { undo: how } = stored.contract;
      await audit.append(tx, [requestedRecord(stored.proposal, undo, how === 'irreversible' ? '' : how.tool)]);
    });
  }

  async function exclude(
    tx: Tx,
    stored: StoredProposal,
    from: UndoState,
    asked: Omit<StoredUndo, 'state' | 'why' | 'handoff'>,
    { why, next }: Excluded,
  ): Promise<void> {
    const state = nextUndo(from, 'exclude') as StoredUndo['state'];
    const undo: StoredUndo = { ...asked, state, why, handoff: null };
    if (!(await undos.move(tx, from, undo))) return;
    const handoff = asked.unwinding === null ? await open(tx, stored, undo, why, next) : null;
    const ended = { ...undo, handoff };
    await undos.move(tx, state, ended);
    await audit.append(tx, [undoEndedRecord(stored.proposal, ended)]);
  }

  /** Carries the undo's proposal as far as it goes, and takes over how it ended. */
  async function follow(stored: StoredProposal, undo: StoredUndo): Promise<void> {
    if (undo.state !== 'requested' && undo.state !== 'unknown') return;
    const result = await gate.submit(undoWish(stored, undo)).catch((error: unknown) => {
      // What the gate does not take as a proposal will not be one later either.
      if (isPortreeveError(error, 'bad_input')) return { status: 'no_proposal' as const, reason: error.detail };
      throw error;
    });
    const end = endOf(result);
    if (!end || (undo.state === 'unknown' && end.event === 'lose')) return;
    await uow.transaction(async (tx) => {
      const state = nextUndo(undo.state, end.event) as StoredUndo['state'];
      const ended: StoredUndo = { ...undo, state, why: end.why, handoff: end.handoff };
      if (!(await undos.move(tx, undo.state, ended))) return;
      const left =
        end.alone && undo.unwinding === null ? await open(tx, stored, ended, end.why!, 'Ask for it again.') : null;
      const written = left ? { ...ended, handoff: left } : ended;
      if (left) await undos.move(tx, state, written);
      await audit.append(tx, [undoEndedRecord(stored.proposal, written)]);
    });
  }

  function open(tx: Tx, stored: StoredProposal, undo: StoredUndo, why: string, next: string) {
    const { proposal } = stored;
    return handoffs.open(tx, {
      ...aboutProposal(proposal),
      kind: 'not_undone',
      why: `${proposal.tool} was to be undone and is not: ${why}`,
      context: {
        ...{ tool: proposal.tool, args: proposal.args, execution: undo.execution, reason: undo.reason },
        result: stored.outcome?.state === 'succeeded' ? stored.outcome.result : null,
      },
      next,
      actor: actorOf(undo.asked_by),
    });
  }

  async function view(stored: StoredProposal): Promise<UndoView> {
    const undo = await undos.get(stored.proposal.id);
    const by = undo?.by_proposal ? await store.get(undo.by_proposal) : null;
    const excluded = undo || refusalOf(stored) ? null : exclusionOf(stored, clock.now());
    return {
      proposal: stored.proposal.id,
      execution: undo?.execution ?? stored.execution!,
      tool: stored.proposal.tool,
      state: undo?.state ?? 'none',
      by_proposal: undo?.by_proposal ?? null,
      approval: by?.approval ?? null,
      asked_by: undo?.asked_by.name ?? null,
      reason: undo?.reason ?? null,
      why: undo?.why ?? refusalOf(stored)?.[1] ?? excluded?.why ?? null,
      handoff: undo?.handoff ?? null,
      until: windowEnd(stored)?.toISOString() ?? null,
    };
  }

  async function sweep(limit = SWEEP_MAX) {
    const failed: { proposal: ProposalId; error: unknown }[] = [];
    for (const undo of await undos.open(limit)) {
      const stored = await store.get(undo.proposal);
      if (!stored) continue;
      await follow(stored, undo).catch((error: unknown) => failed.push({ proposal: undo.proposal, error }));
    }
    return failed;
  }
}

interface End {
  readonly event: UndoEvent;
  readonly why: string | null;
  readonly handoff: StoredUndo['handoff'];
  /** Nothing else has made a hand-off of it, and no person has said no to it. */
  readonly alone?: boolean;
}

function endOf(result: GateResult | { status: 'no_proposal'; reason: string }): End | null {
  switch (result.status) {
    case 'succeeded':
      return { event: 'succeed', why: null, handoff: null };
    case 'failed':
      return { event: 'fail', why: result.reason, handoff: result.handoff };
    case 'unknown':
      return { event: 'lose', why: 'it is not known whether the undo took effect', handoff: result.handoff };
    case 'no_proposal':
      return { event: 'fail', why: result.reason, handoff: null, alone: true };
    case 'refused':
      return { event: 'decline', why: result.decision.reasons.map(({ text }) => text).join(' '), handoff: null };
    case 'denied': {
      const why = {
        person: 'a person said no',
        'time-out': 'nobody approved it in time',
        withdrawal: 'it was withdrawn',
      };
      return { event: 'decline', why: why[result.by], handoff: null, alone: result.by === 'time-out' };
    }
    default:
      return null;
  }
}
