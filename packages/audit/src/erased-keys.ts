import type { RecordData } from '@portreeve/contract';
import type { AuditReader } from './reader.ts';
import { toPayload } from './search.ts';

const PAGE = 100;

/** The keys of which the log says that they are erased. Each of these records is checked with all others. */
export async function erasedKeys(store: AuditReader, log: string): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  const base = { equals: {}, types: ['audit.erased'], since: null, until: null, words: null } as const;
  for (let after: number | null = null; ; ) {
    const page = await store.search(log, { ...base, after, limit: PAGE, order: 'oldest' });
    for (const record of page) {
      const data = toPayload(record)?.data as RecordData<'audit.erased'> | undefined;
      for (const key of data?.keys ?? []) keys.add(key);
    }
    if (page.length < PAGE) return keys;
    after = page.at(-1)!.index;
  }
}
