import type { DelegationStore, StoredDelegation } from '@portreeve/approve';
import { asId } from '@portreeve/contract';
import type { ColumnType, Selectable } from 'kysely';
import type { Database } from './database.ts';
import type { Seals } from './values.ts';

interface DelegationsTable {
  id: string;
  delegator: string;
  delegate: string;
  groups: ColumnType<string[], readonly string[], never>;
  reason: string;
  from_at: ColumnType<Date, string, never>;
  until: ColumnType<Date, string, never>;
  ended_at: ColumnType<Date | null, string | null, string>;
}

declare module './tables.ts' {
  interface Tables {
    approval_delegations: DelegationsTable;
  }
}

/** Delegations in PostgreSQL. Why somebody is away is sealed for the two; the rest is who may decide, and stays. */
export function delegationStore(database: Database, sealing: Seals): DelegationStore {
  const binding = (id: string): string => `approval_delegations/${id}`;
  const opened = async (rows: readonly Selectable<DelegationsTable>[]): Promise<StoredDelegation[]> => {
    const reasons = await sealing.texts.open(rows.map(({ id, reason }) => ({ text: reason, binding: binding(id) })));
    return rows.map((row, i) => delegationOf({ ...row, reason: reasons[i] ?? 'erased' }));
  };
  return {
    async insert(tx, delegation) {
      const { id, delegator, delegate } = delegation;
      const subjects = await sealing.of(null, delegator, delegate);
      const reason = await sealing.texts.seal(subjects, 'work', binding(id), delegation.reason);
      await database
        .on(tx)
        .insertInto('approval_delegations')
        .values({ ...delegation, reason })
        .execute();
    },

    async end(tx, id, at) {
      const ended = await database
        .on(tx)
        .updateTable('approval_delegations')
        .set({ ended_at: at })
        .where('id', '=', id)
        .where('ended_at', 'is', null)
        .returning('id')
        .executeTakeFirst();
      return ended !== undefined;
    },

    async activeFor(delegate, now, tx) {
      const rows = await (tx ? database.on(tx) : database.read)
        .selectFrom('approval_delegations')
        .selectAll()
        .where('delegate', '=', delegate)
        .where('ended_at', 'is', null)
        .where('from_at', '<=', new Date(now))
        .where('until', '>', new Date(now))
        .orderBy('id')
        .execute();
      return opened(rows);
    },

    async of(principal) {
      const rows = await database.read
        .selectFrom('approval_delegations')
        .selectAll()
        .where((eb) => eb.or([eb('delegator', '=', principal), eb('delegate', '=', principal)]))
        .orderBy('id')
        .execute();
      return opened(rows);
    },
  };
}

function delegationOf(row: Selectable<DelegationsTable>): StoredDelegation {
  return {
    ...row,
    id: asId('approval_delegation', row.id),
    delegator: asId('principal', row.delegator),
    delegate: asId('principal', row.delegate),
    from_at: row.from_at.toISOString(),
    until: row.until.toISOString(),
    ended_at: row.ended_at?.toISOString() ?? null,
  };
}
