import type { OpenedRecord, PayloadSealer } from './keys/sealer.ts';
import type { AuditStore } from './ports.ts';

/** A store as those see it who read payloads: opened, or with the reason why not. */
export interface AuditReader extends Omit<AuditStore, 'record' | 'records' | 'search'> {
  record(...args: Parameters<AuditStore['record']>): Promise<OpenedRecord | null>;
  records(...args: Parameters<AuditStore['records']>): Promise<OpenedRecord[]>;
  search(...args: Parameters<AuditStore['search']>): Promise<OpenedRecord[]>;
}

export function openRecords(store: AuditStore, sealer: PayloadSealer): AuditReader {
  return {
    ...store,
    async record(log, index) {
      const found = await store.record(log, index);
      return found && (await sealer.open([found]))[0]!;
    },
    records: async (...args) => sealer.open(await store.records(...args)),
    search: async (...args) => sealer.open(await store.search(...args)),
  };
}
