import {
  type AuditLogs,
  type AuditStore,
  createErasures,
  createRootRotation,
  type ErasureStore,
  type Erasures,
  type Redactor,
  type Retention,
  type RootRotation,
} from '@portreeve/audit';
import { asId, type Clock, type KeyId, type RecordData } from '@portreeve/contract';
import type { Database } from './store/database.ts';
import { erasureStore } from './store/erasures.ts';
import { erasePseudonymsOf } from './store/subject-keys.ts';
import { eraseValuesOf } from './store/values.ts';
import type { Sealing } from './wire-keys.ts';

export interface Erasing extends Erasures {
  readonly root: RootRotation;
  /**
   * Takes keys away that the log says are erased: a backup of the keys that is older than the log has brought them back.
   * Gives how many.
   */
  settleReturned(): Promise<number>;
}

export function wireErasure(options: {
  readonly database: Database;
  readonly audit: AuditLogs;
  readonly words: Pick<AuditStore, 'forgetWords'>;
  readonly sealing: Sealing;
  readonly redactor: Redactor;
  readonly retention: Retention;
  readonly clock: Clock;
}): Erasing {
  const { database, audit, words, sealing, redactor, retention, clock } = options;
  const store = erasureStore(database);
  const parts = { audit, uow: database };
  return {
    ...createErasures({
      ...{ ...parts, store, words, clock, redactor, retention, ring: sealing.ring, subjectName: sealing.name },
      also: async (tx, subject) => {
        await erasePseudonymsOf(database, tx, subject);
        await eraseValuesOf(database, tx, subject);
      },
    }),
    root: createRootRotation({ ...parts, store: sealing.store, wrapper: sealing.wrapper }),
    settleReturned: () => settleReturned(database, audit, store),
  };
}

async function settleReturned(database: Database, audit: AuditLogs, store: ErasureStore): Promise<number> {
  const keys: KeyId[] = [];
  for (let after: string | undefined; ; ) {
    const search = { type: 'audit.erased', order: 'oldest', limit: 100 } as const;
    const page = await audit.search({ ...search, ...(after === undefined ? {} : { after }) });
    for (const { payload } of page.records)
      for (const key of (payload?.data as RecordData<'audit.erased'> | undefined)?.keys ?? [])
        keys.push(asId('key', key));
    if (page.next === null) break;
    after = page.next;
  }
  return (await database.transaction((tx) => store.takeReturned(tx, keys))).length;
}
