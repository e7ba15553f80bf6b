import {
  type AuditWriter,
  actorOf,
  type Clock,
  draft,
  type Handoff,
  type HandoffId,
  type HandoffKind,
  type JsonObject,
  newId,
  PortreeveError,
  type Principal,
  type ProposalId,
  type RecordActor,
  type RunId,
  type Tx,
  type UnitOfWork,
} from '@portreeve/contract';
import type { HandoffFilter, HandoffStore } from './ports.ts';

export interface HandoffWish {
  readonly kind: HandoffKind;
  readonly run: RunId | null;
  readonly proposal: ProposalId | null;
  readonly workflow: string;
  readonly why: string;
  readonly context: JsonObject;
  readonly next: string;
  readonly actor: RecordActor;
}

export interface Handoffs {
  /** Opens work for a person, in the transaction of what made it necessary. Records it. */
  open(tx: Tx, wish: HandoffWish): Promise<HandoffId>;
  /** A person says that it is done, and how. `first` is what else that changes, in the same transaction. */
  close(
    id: HandoffId,
    note: string,
    by: Principal,
    first?: (tx: Tx, handoff: Handoff) => Promise<void>,
  ): Promise<Handoff>;
  get(id: HandoffId): Promise<Handoff | null>;
  list(filter: HandoffFilter): Promise<Handoff[]>;
}

/** The queue of work that a person must finish (requirement I8). */
export function createHandoffs(deps: {
  store: HandoffStore;
  audit: AuditWriter;
  uow: UnitOfWork;
  clock: Clock;
}): Handoffs {
  return {
    async open(tx, wish) {
      const id = newId('handoff', deps.clock);
      await deps.store.insert(tx, {
        id,
        kind: wish.kind,
        state: 'open',
        run: wish.run,
        proposal: wish.proposal,
        workflow: wish.workflow,
        why: wish.why,
        context: wish.context,
        next: wish.next,
        created_at: deps.clock.now().toISOString(),
        closed_at: null,
      });
      await deps.audit.append(tx, [
        draft({
          type: 'handoff.opened',
          actor: wish.actor,
          refs: {
            handoff: id,
            workflow: wish.workflow,
            ...(wish.run ? { run: wish.run } : {}),
            ...(wish.proposal ? { proposal: wish.proposal } : {}),
          },
          outcome: wish.kind,
          data: { kind: wish.kind, why: wish.why },
        }),
      ]);
      return id;
    },

    async close(id, note, by, first) {
      const handoff = await deps.store.get(id);
      if (!handoff) throw new PortreeveError('not_found', `There is no hand-off ${id}.`);
      const at = deps.clock.now().toISOString();
      await deps.uow.transaction(async (tx) => {
        if (!(await deps.store.close(tx, id, at))) {
          throw new PortreeveError('conflict', `The hand-off ${id} is closed already.`);
        }
        await first?.(tx, handoff);
        await deps.audit.append(tx, [
          draft({
            type: 'handoff.closed',
            actor: actorOf(by),
            refs: { handoff: id, workflow: handoff.workflow, ...(handoff.run ? { run: handoff.run } : {}) },
            outcome: 'done',
            data: { note },
          }),
        ]);
      });
      return { ...handoff, state: 'done', closed_at: at };
    },

    get: (id) => deps.store.get(id),
    list: (filter) => deps.store.list(filter),
  };
}
