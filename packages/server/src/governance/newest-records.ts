import type { AuditLog } from '@portreeve/audit';
import type { AuditRecord, Digest, RecordType } from '@portreeve/contract';

/** Records of a workflow that are looked at, of each type that is watched; older ones say little of what it does now. */
const RECORDS_MAX = 5000;
const PAGE = 500;

/** Records of one type, newest first, and whether there are more than were read. */
export interface Newest {
  readonly records: readonly AuditRecord[];
  readonly more: boolean;
}

export async function newestOfType(
  log: Pick<AuditLog, 'search'>,
  asked: { readonly workflow: string; readonly type: RecordType; readonly since?: string; readonly release?: Digest },
): Promise<Newest> {
  const records: AuditRecord[] = [];
  let after: number | null = null;
  do {
    const page = await log.search({
      ...{ ...asked, order: 'newest' as const, limit: PAGE },
      ...(after === null ? {} : { after }),
    });
    records.push(...page.records);
    after = page.next;
  } while (after !== null && records.length < RECORDS_MAX);
  return { records, more: after !== null };
}

/** All of them, oldest first, from where the records of every type are whole. */
export function inOrder(seen: readonly Newest[]): { readonly records: AuditRecord[]; readonly cut: number } {
  const cut = cutOf(seen);
  const records = seen
    .flatMap((each) => each.records)
    .filter(({ entry }) => entry.index >= cut)
    .sort((a, b) => a.entry.index - b.entry.index);
  return { records, cut };
}

/**
 * Where what is compared begins: no type may reach further back than another. Tests of a sequence hold what they promise
 * only where its beginning stays, so it does not slide with each record: it moves in steps of a power of two, which are
 * at most half of what there is.
 */
export function cutOf(
  seen: readonly {
    readonly records: readonly { readonly entry: { readonly index: number } }[];
    readonly more: boolean;
  }[],
): number {
  const reach = seen.flatMap(({ records, more }) => (more ? [records.at(-1)!.entry.index] : []));
  if (reach.length === 0) return 0;
  const least = Math.max(...reach);
  const newest = Math.max(...seen.flatMap(({ records }) => records[0]?.entry.index ?? []));
  const step = 2 ** Math.max(0, Math.floor(Math.log2(newest - least)) - 1);
  return Math.ceil(least / step) * step;
}
