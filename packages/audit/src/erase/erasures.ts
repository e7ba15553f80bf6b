import {
  type AuditWriter,
  actorOf,
  type Clock,
  draft,
  ERASED_KEYS_MAX,
  type ErasureId,
  type HoldId,
  newId,
  PortreeveError,
  type Principal,
  PURPOSES,
  type Purpose,
  type RecordActor,
  type RecordData,
  type RecordDraft,
  SYSTEM_ACTOR,
  step,
  type Tx,
  type UnitOfWork,
} from '@portreeve/contract';
import type { KeyRing } from '../keys/key-ring.ts';
import { HOUSE } from '../keys/subjects.ts';
import { personAlone } from '../person-alone.ts';
import type { AuditStore, Redactor } from '../ports.ts';
import type { ErasedKey, Erasure, ErasureStore, Hold, HoldKind, Page } from './ports.ts';
import { ERASURE_TABLE, type ErasureEvent } from './state.ts';

/** Days by purpose after which what it sealed is erased; a purpose without one is kept. */
export type Retention = Readonly<Partial<Record<Purpose, number | undefined>>>;

export interface Erasures {
  /** Wishes the data of a subject to be erased. Throws `held`, `not_found`, `conflict` where one is open already. */
  request(subject: string, reason: string, by: Principal): Promise<Erasure>;
  /**
   * Erases what was wished: every key of the subject goes, in one transaction with the record of it. Another person than
   * the one who asked. Throws `held` while a hold keeps the data, and records that.
   */
  confirm(id: ErasureId, by: Principal): Promise<Erasure>;
  refuse(id: ErasureId, reason: string, by: Principal): Promise<Erasure>;
  /** Newest first. */
  list(page: Page<ErasureId>): Promise<Erasure[]>;
  setHold(kind: HoldKind, target: string, reason: string, by: Principal): Promise<Hold>;
  liftHold(id: HoldId, reason: string, by: Principal): Promise<Hold>;
  /** Newest first; `all`: lifted ones too. */
  holds(all: boolean, page: Page<HoldId>): Promise<Hold[]>;
  /** Ends what is older than its retention; gives how many keys went. */
  expire(): Promise<number>;
}

const DAY_MS = 86_400_000;
const ALONE = 'Only a person decides on erasures and holds, and no agent in their name.';

export function createErasures(options: {
  readonly store: ErasureStore;
  readonly audit: AuditWriter;
  readonly words: Pick<AuditStore, 'forgetWords'>;
  readonly uow: UnitOfWork;
  readonly clock: Clock;
  readonly ring: Pick<KeyRing, 'forget'>;
  readonly redactor: Pick<Redactor, 'text'>;
  /** The name under which a subject is known here. */
  readonly subjectName: (id: string) => string;
  readonly retention: Retention;
  /** Takes away in the same transaction what is about a subject and not sealed. */
  readonly also: (tx: Tx, subject: string) => Promise<void>;
}): Erasures {
  const { store, audit, uow, clock, ring, redactor, retention } = options;
  const now = () => clock.now().toISOString();

  /** One record for each some thousand keys; what they sealed is marked with the record that names its key. */
  async function recordErased(
    tx: Tx,
    actor: RecordActor,
    keys: readonly ErasedKey[],
    why: Omit<RecordData<'audit.erased'>, 'keys' | 'purposes'>,
  ): Promise<void> {
    const drafts: RecordDraft[] = [];
    for (let at = 0; at < keys.length; at += ERASED_KEYS_MAX) {
      const part = keys.slice(at, at + ERASED_KEYS_MAX);
      const ids = part.map(({ id }) => id);
      const record = newId('record', clock);
      await store.mark(tx, ids, { cause: why.cause, time: now(), record });
      await options.words.forgetWords(tx, ids);
      const purposes: Record<string, number> = {};
      for (const { purpose } of part) purposes[purpose] = (purposes[purpose] ?? 0) + 1;
      const data = { ...why, keys: ids, purposes };
      drafts.push({ ...draft({ type: 'audit.erased', actor, outcome: why.cause, data }), id: record });
    }
    await audit.append(tx, drafts);
  }

  const openErasure = async (tx: Tx, id: ErasureId, event: ErasureEvent, by: Principal): Promise<Erasure> => {
    const erasure = await store.lock(tx, id);
    if (!erasure) throw new PortreeveError('not_found', `There is no erasure ${id}.`);
    if (step(ERASURE_TABLE, erasure.state, event) === null)
      throw new PortreeveError('conflict', `The erasure ${id} is ${erasure.state}.`);
    // INVARIANT: two people. A request of one's own may be taken back, and not be confirmed.
    if (event === 'confirm' && erasure.requested_by === by.id)
      throw new PortreeveError('approver_is_requester', 'Who asked for an erasure may not confirm it.');
    return erasure;
  };

  return {
    async request(id, reason, by) {
      personAlone(by, ALONE);
      const subject = options.subjectName(id);
      if (subject === HOUSE || !(await store.known(subject)))
        throw new PortreeveError('not_found', 'Nothing is sealed for this subject.', {
          next: 'Give the id of a principal (prn_…), or of somebody outside exactly as the workflow was given it.',
        });
      const erasure: Erasure = {
        ...{ id: newId('erasure', clock), subject, reason: redactor.text(reason), state: 'requested' },
        ...{ requested_by: by.id, requested_at: now(), closed_by: null, closed_at: null, keys: null },
      };
      await uow.transaction(async (tx) => {
        await store.lockErasing(tx);
        refuseHeld(await store.holdsOn(tx, subject));
        if (!(await store.insert(tx, erasure)))
          throw new PortreeveError('conflict', 'An erasure of this subject waits for a second person already.');
        const data = { erasure: erasure.id, subject, reason };
        await audit.append(tx, [draft({ type: 'audit.erasure_requested', actor: actorOf(by), data })]);
      });
      return erasure;
    },

    async confirm(id, by) {
      personAlone(by, ALONE);
      let held: { readonly holds: readonly Hold[] } | null = null;
      const erased = await uow.transaction(async (tx) => {
        await store.lockErasing(tx);
        const erasure = await openErasure(tx, id, 'confirm', by);
        const holds = await store.holdsOn(tx, erasure.subject);
        if (holds.length > 0) {
          held = { holds };
          const data = {
            erasure: id,
            by: 'hold' as const,
            holds: holds.map((hold) => hold.id),
            reason: 'a legal hold',
          };
          await audit.append(tx, [draft({ type: 'audit.erasure_refused', actor: actorOf(by), data })]);
          return erasure;
        }
        const { subject, requested_by } = erasure;
        const keys = await store.takeKeys(tx, subject);
        await options.also(tx, subject);
        const closed = { state: 'erased', closed_by: by.id, closed_at: now(), keys: keys.length } as const;
        await store.close(tx, id, closed);
        await recordErased(tx, actorOf(by), keys, { cause: 'erasure', erasure: id, subject, requested_by });
        return { ...erasure, ...closed };
      });
      if (held !== null) refuseHeld((held as { holds: readonly Hold[] }).holds);
      ring.forget();
      return erased;
    },

    async refuse(id, reason, by) {
      personAlone(by, ALONE);
      return uow.transaction(async (tx) => {
        const erasure = await openErasure(tx, id, 'refuse', by);
        const closed = { state: 'refused', closed_by: by.id, closed_at: now(), keys: null } as const;
        await store.close(tx, id, closed);
        const data = { erasure: id, by: 'person' as const, holds: [], reason };
        await audit.append(tx, [draft({ type: 'audit.erasure_refused', actor: actorOf(by), data })]);
        return { ...erasure, ...closed };
      });
    },
    list: (page) => store.list(page),

    async setHold(kind, given, reason, by) {
      personAlone(by, ALONE);
      if (kind === 'purpose' && !(PURPOSES as readonly string[]).includes(given))
        throw new PortreeveError('bad_request', `There is no purpose ${given}; there are ${PURPOSES.join(', ')}.`);
      const target = kind === 'subject' ? options.subjectName(given) : given;
      const hold: Hold = {
        ...{ id: newId('hold', clock), kind, target, reason: redactor.text(reason) },
        ...{ set_by: by.id, set_at: now(), lifted_by: null, lifted_at: null },
      };
      await uow.transaction(async (tx) => {
        await store.lockErasing(tx);
        await store.insertHold(tx, hold);
        const data = { hold: hold.id, target: `${kind}:${target}`, reason };
        await audit.append(tx, [draft({ type: 'audit.hold_set', actor: actorOf(by), data })]);
      });
      return hold;
    },

    async liftHold(id, reason, by) {
      personAlone(by, ALONE);
      return uow.transaction(async (tx) => {
        await store.lockErasing(tx);
        const hold = await store.lockHold(tx, id);
        if (!hold) throw new PortreeveError('not_found', `There is no hold ${id}.`);
        if (hold.lifted_at !== null) throw new PortreeveError('conflict', `The hold ${id} was lifted already.`);
        const lifted = { lifted_by: by.id, lifted_at: now() };
        await store.liftHold(tx, id, lifted.lifted_by, lifted.lifted_at);
        const data = { hold: id, target: `${hold.kind}:${hold.target}`, reason };
        await audit.append(tx, [draft({ type: 'audit.hold_lifted', actor: actorOf(by), data })]);
        return { ...hold, ...lifted };
      });
    },
    holds: (all, page) => store.holds(all, page),

    async expire() {
      let went = 0;
      for (const [purpose, days] of Object.entries(retention) as [Purpose, number | undefined][]) {
        if (days === undefined) continue;
        // A month ends when its last day is as old as the retention says.
        const before = new Date(clock.now().getTime() - days * DAY_MS).toISOString().slice(0, 7);
        for (let taken = ERASED_KEYS_MAX; taken === ERASED_KEYS_MAX; went += taken)
          taken = await uow.transaction(async (tx) => {
            await store.lockErasing(tx);
            const keys = await store.takeExpired(tx, purpose, before, ERASED_KEYS_MAX);
            const why = { cause: 'retention', erasure: null, subject: null, requested_by: null } as const;
            if (keys.length > 0) await recordErased(tx, SYSTEM_ACTOR, keys, why);
            return keys.length;
          });
      }
      if (went > 0) ring.forget();
      return went;
    },
  };
}

function refuseHeld(holds: readonly Hold[]): void {
  if (holds.length === 0) return;
  const named = holds.map(({ id, kind, target, reason }) => `${id} on the ${kind} ${target}: ${reason}`);
  throw new PortreeveError('held', `The data is kept by a legal hold (${named.join('; ')}).`);
}
