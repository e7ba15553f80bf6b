import type { AuditWriter, Clock } from '@portreeve/contract';
import { createUndos, createUnwindings, type Gate, type Handoffs, type ProposalStore } from '@portreeve/gate';
import { type RunQueue, unwindTopic } from '@portreeve/run';
import type { Database } from './store/database.ts';
import { undoStore, unwindingStore } from './store/undos.ts';
import type { Seals } from './store/values.ts';

/** Undo and unwinding on their stores, and what goes on with them, and with outcomes to be settled, from time to time. */
export function wireUndo(options: {
  readonly database: Database;
  readonly sealing: Seals;
  readonly audit: AuditWriter;
  readonly clock: Clock;
  readonly gate: Gate;
  readonly handoffs: Handoffs;
  readonly proposals: ProposalStore;
  readonly queue: RunQueue;
  readonly log: (level: 'error', message: string, error: unknown) => void;
}) {
  const { database, sealing, gate, proposals, queue, log } = options;
  const shared = { ...options, uow: database, store: proposals, undos: undoStore(database, sealing) };
  const undos = createUndos(shared);
  const unwindings = createUnwindings({
    ...shared,
    undo: undos,
    unwindings: unwindingStore(database, sealing),
    onEnded: (tx, run) => queue.nudge(tx, run, unwindTopic(run)),
  });
  return {
    undos,
    unwindings,
    /** One proposal that cannot go on is logged, and keeps no other one from it. */
    async settleDue(): Promise<void> {
      for (const { proposal, error } of await gate.settleDue())
        log('error', `${proposal} cannot be settled yet`, error);
      for (const { proposal, error } of await undos.sweep()) log('error', `${proposal} cannot be undone yet`, error);
      for (const { run, error } of await unwindings.sweep()) log('error', `${run} cannot be unwound yet`, error);
    },
  };
}
