import {
  type AuditWriter,
  actorOf,
  type CallOutcome,
  type Clock,
  type Decision,
  type ExecutionId,
  type Principal,
  type Settlement,
  type Tx,
} from '@portreeve/contract';
import { troubleHandoff } from '../handoff-wishes.ts';
import type { Handoffs } from '../handoffs.ts';
import { counts, type HistoryStore } from '../history.ts';
import type { ExecutionService, ProposalStore, StoredProposal } from '../ports.ts';
import { nextState } from '../states.ts';
import { noteLost, noteTry, planNext } from './plan.ts';
import { endedRecord, plannedRecord, triedRecord } from './records.ts';

export interface AfterCallDeps {
  readonly store: ProposalStore;
  readonly handoffs: Handoffs;
  readonly history: HistoryStore;
  readonly execution: Pick<ExecutionService, 'settle'>;
  readonly audit: AuditWriter;
  readonly clock: Clock;
}

type Try = Parameters<typeof noteTry>[1];

/**
 * What follows from the end of a call, in the transaction of the caller that holds the proposal's lock: its new state, the
 * history, what is to be tried where nobody knows the outcome, and the hand-off where nothing (more) can be tried.
 */
export function createAfterCall(deps: AfterCallDeps) {
  const { store, handoffs, history, audit, clock } = deps;
  return { callEnded, notRetried, undecided, found, learned };

  /** Gives the proposal as it is stored then, where that is plain; null: who wants to know looks. */
  async function callEnded(
    tx: Tx,
    stored: StoredProposal,
    execution: ExecutionId,
    outcome: CallOutcome,
  ): Promise<StoredProposal | null> {
    if (outcome.state === 'succeeded') return tookEffect(tx, stored, execution, outcome);
    if (stored.state === 'granted' && outcome.state === 'failed') await hadNoEffect(tx, stored, execution, outcome);
    else await notKnown(tx, stored, execution, outcome);
    return null;
  }

  async function notKnown(
    tx: Tx,
    stored: StoredProposal,
    execution: ExecutionId,
    outcome: Exclude<CallOutcome, { state: 'succeeded' }>,
  ): Promise<void> {
    const now = clock.now();
    const { contract, companions, proposal } = stored;
    const lost =
      outcome.state === 'unknown'
        ? noteLost(stored.settlement, { execution, reason: outcome.reason }, contract, now)
        : stored.settlement!;
    if (stored.state === 'retrying') {
      const reason =
        outcome.state === 'failed'
          ? `the call with the same key failed (${outcome.reason}), which says nothing of the one before`
          : outcome.reason;
      const made: Try = { way: 'retry', at: now.toISOString(), came: 'not_known', reason, execution, asked: null };
      return tried(tx, { ...stored, settlement: lost }, made);
    }
    const settlement = isServant(stored) ? lost : planNext(lost, contract, companions, now);
    if (settlement.next === null) return lose(tx, { ...stored, execution, outcome, settlement });
    await store.update(tx, proposal, { state: nextState(stored.state, 'doubt'), execution, outcome, settlement });
    await audit.append(tx, [plannedRecord(proposal, execution, settlement)]);
  }

  /** A retry's grant was not used: no call was made. */
  async function notRetried(tx: Tx, stored: StoredProposal): Promise<void> {
    const reason = 'the call with the same key was not made: the process that was to make it ended before';
    const at = clock.now().toISOString();
    await tried(tx, stored, { way: 'retry', at, came: 'not_known', reason, execution: null, asked: null });
  }

  /** A try that taught nothing: another one is planned, or a person is asked. */
  async function tried(tx: Tx, stored: StoredProposal, made: Try): Promise<void> {
    const { proposal, contract, companions } = stored;
    const settlement = planNext(noteTry(stored.settlement!, made), contract, companions, clock.now());
    await audit.append(tx, [triedRecord(proposal, made, settlement)]);
    if (settlement.next === null) return lose(tx, { ...stored, settlement }, 'tries');
    await store.update(tx, proposal, { state: nextState(stored.state, 'doubt'), settlement });
  }

  /** What the status tool said, or could not say. */
  async function found(tx: Tx, stored: StoredProposal, made: Try, outcome: CallOutcome | null): Promise<void> {
    if (outcome === null) return tried(tx, stored, made);
    const { proposal, execution } = stored;
    const settlement = { ...noteTry(stored.settlement!, made), next: null };
    await audit.append(tx, [triedRecord(proposal, made, settlement)]);
    const settled = { ...stored, settlement };
    await settleCalls(tx, settled, outcome);
    if (outcome.state === 'succeeded') await tookEffect(tx, settled, execution!, outcome, 'status');
    else await hadNoEffect(tx, settled, execution!, outcome, 'status');
  }

  /** Of several calls with one key nobody can say which one it was that took effect: they stay as they are then. */
  async function settleCalls(tx: Tx, { settlement }: StoredProposal, outcome: CallOutcome): Promise<void> {
    const calls = settlement?.calls ?? [];
    if (outcome.state === 'succeeded' && calls.length > 1) return;
    for (const { execution } of calls) await deps.execution.settle(tx, execution, outcome);
  }

  /** Policy, asked anew, lets nobody call again: what is known goes to a person. */
  async function undecided(tx: Tx, stored: StoredProposal, decision: Decision): Promise<void> {
    const why = decision.reasons.map((reason) => reason.text).join(' ') || 'Policy refuses this now.';
    const made: Try = {
      ...{ way: 'retry', at: clock.now().toISOString(), came: 'not_known', execution: null, asked: null },
      reason: `the call was not made again: ${why}`,
    };
    const settlement = { ...noteTry(stored.settlement!, made), next: null };
    await audit.append(tx, [triedRecord(stored.proposal, made, settlement)]);
    await lose(tx, { ...stored, settlement, decision }, 'policy');
  }

  /** What a person found out about a call of which nobody knew. */
  async function learned(
    tx: Tx,
    stored: StoredProposal,
    outcome: CallOutcome,
    note: string,
    by: Principal,
  ): Promise<void> {
    const { proposal, state, settlement } = stored;
    const happened = outcome.state === 'succeeded';
    await store.update(tx, proposal, {
      state: nextState(state, happened ? 'confirm' : 'rule_out'),
      outcome,
      ...(happened ? { succeeded_at: clock.now().toISOString() } : {}),
    });
    await settleCalls(tx, stored, outcome);
    if (happened) await history.succeed(tx, proposal.id);
    else await history.release(tx, proposal.id);
    const came = happened ? 'happened' : 'did_not_happen';
    await audit.append(tx, [endedRecord(proposal, settlement, { came, by: 'person', note }, actorOf(by))]);
  }

  async function tookEffect(
    tx: Tx,
    stored: StoredProposal,
    execution: ExecutionId,
    outcome: CallOutcome,
    by: 'retry' | 'status' = 'retry',
  ): Promise<StoredProposal | null> {
    const { proposal, state, settlement } = stored;
    const next = nextState(state, by === 'retry' ? 'succeed' : 'confirm');
    const succeeded_at = clock.now().toISOString();
    const ended = { state: next, execution, outcome, succeeded_at, ...over(settlement) };
    await store.update(tx, proposal, ended);
    if (counts(stored)) await history.succeed(tx, proposal.id);
    if (!settlement) return { ...stored, ...ended };
    if (by === 'retry') await sameKeySucceeded(tx, proposal, settlement, execution);
    else await audit.append(tx, [endedRecord(proposal, settlement, { came: 'happened', by, note: null })]);
    return null;
  }

  async function sameKeySucceeded(
    tx: Tx,
    proposal: StoredProposal['proposal'],
    settlement: Settlement,
    execution: ExecutionId,
  ): Promise<void> {
    const at = clock.now().toISOString();
    const reason = 'the call with the same key succeeded';
    const made: Try = { way: 'retry', at, came: 'happened', reason, execution, asked: null };
    const ended = { ...noteTry(settlement, made), next: null };
    await store.update(tx, proposal, { settlement: ended });
    await audit.append(tx, [
      triedRecord(proposal, made, ended),
      endedRecord(proposal, ended, { came: 'happened', by: 'retry', note: null }),
    ]);
  }

  async function hadNoEffect(
    tx: Tx,
    stored: StoredProposal,
    execution: ExecutionId,
    outcome: CallOutcome,
    by: 'call' | 'status' = 'call',
  ): Promise<void> {
    const { proposal, state, settlement } = stored;
    const next = nextState(state, by === 'call' ? 'fail' : 'rule_out');
    await store.update(tx, proposal, { state: next, execution, outcome, ...over(settlement) });
    await history.release(tx, proposal.id);
    if (by === 'status')
      await audit.append(tx, [endedRecord(proposal, settlement, { came: 'did_not_happen', by, note: null })]);
    await open(tx, { ...stored, execution, outcome });
  }

  async function lose(tx: Tx, stored: StoredProposal, by?: 'tries' | 'policy'): Promise<void> {
    const { proposal, state, execution, outcome, decision, settlement } = stored;
    const next = nextState(state, by === 'policy' ? 'refuse' : 'lose');
    await store.update(tx, proposal, { state: next, execution, outcome, decision, settlement });
    if (by) await audit.append(tx, [endedRecord(proposal, settlement, { came: 'not_known', by, note: null })]);
    await open(tx, stored);
  }

  async function open(tx: Tx, stored: StoredProposal): Promise<void> {
    // A question of the house itself that got no answer is no work for a person: what it was about is.
    if (isServant(stored)) return;
    const { execution, outcome } = stored;
    if (!execution || !outcome || outcome.state === 'succeeded') throw new TypeError('there is no trouble to hand off');
    const handoff = await handoffs.open(tx, troubleHandoff(stored, execution, outcome));
    await store.update(tx, stored.proposal, { handoff });
  }
}

/** It is a means of the house: it asks nobody, and nothing of it is work for a person. What it is about may be. */
export const isServant = ({ serves, preview_of }: Pick<StoredProposal, 'serves' | 'preview_of'>): boolean =>
  preview_of !== null || serves?.purpose === 'status';

const over = (settlement: StoredProposal['settlement']) =>
  settlement ? { settlement: { ...settlement, next: null } } : {};
