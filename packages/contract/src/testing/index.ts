import type { AuditWriter } from '../audit-writer.ts';
import type { ListOrder } from '../list-order.ts';
import { RECORD_TYPES, type RecordDraft, type RecordType } from '../records.ts';
import type { Tx, UnitOfWork } from '../tx.ts';

/** A transaction for fakes: runs the function, and on an error puts back what each participant held before. */
export function memoryUnitOfWork(
  ...participants: readonly { snapshot(): () => void; commit?(): void }[]
): UnitOfWork & { readonly tx: Tx } {
  const tx = Object.freeze({}) as Tx;
  let tail: Promise<unknown> = Promise.resolve();
  return {
    tx,
    transaction<T>(fn: (tx: Tx) => Promise<T>): Promise<T> {
      const turn = tail.then(async () => {
        const undo = participants.map((participant) => participant.snapshot());
        try {
          const result = await fn(tx);
          for (const participant of participants) participant.commit?.();
          return result;
        } catch (error) {
          for (const back of undo) back();
          throw error;
        }
      });
      tail = turn.catch(() => undefined);
      return turn;
    },
  };
}

/** Keeps what was recorded, checks each draft against its schema, and honours `key`. */
export function memoryAuditWriter(): AuditWriter & {
  readonly drafts: RecordDraft[];
  types(): RecordType[];
  of<T extends RecordType>(type: T): RecordDraft<T>[];
  failWith(error: Error | null): void;
  snapshot(): () => void;
} {
  const drafts: RecordDraft[] = [];
  let failure: Error | null = null;
  const add = (added: readonly RecordDraft[]) => {
    if (failure) throw failure;
    for (const entry of added) {
      RECORD_TYPES[entry.type].parse(entry.data);
      if (entry.key !== undefined && drafts.some((earlier) => earlier.key === entry.key)) continue;
      drafts.push(entry);
    }
  };
  return {
    drafts,
    types: () => drafts.map((entry) => entry.type),
    of: <T extends RecordType>(type: T) => drafts.filter((entry) => entry.type === type) as RecordDraft<T>[],
    failWith(error) {
      failure = error;
    },
    snapshot() {
      const before = drafts.length;
      return () => {
        // It only grows.
        drafts.length = before;
      };
    },
    async append(_tx, added) {
      add(added);
    },
    async record(added) {
      add(added);
    },
  };
}

/** One page of rows for fakes, as every store gives it: in an order, behind the row of an id. */
export function pageOf<Row extends { readonly id: string }>(
  rows: readonly Row[],
  page: {
    readonly order?: ListOrder<keyof Row & string> | undefined;
    readonly after?: string | null | undefined;
    readonly limit: number;
  },
): Row[] {
  const { by, descending } = page.order ?? { by: 'id', descending: false };
  const key = (row: Row): string => `${String(row[by])}\u0000${row.id}`;
  const sorted = [...rows].sort((one, other) => (key(one) < key(other) ? -1 : 1));
  if (descending) sorted.reverse();
  const from = page.after == null ? 0 : sorted.findIndex(({ id }) => id === page.after) + 1 || sorted.length;
  return sorted.slice(from, from + page.limit);
}
