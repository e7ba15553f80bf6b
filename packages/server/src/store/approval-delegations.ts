import type { DelegationStore, StoredDelegation } from '@portreeve/approve';
import { asId } from '@portreeve/contract';
import type { ColumnType, Selectable } from 'kysely';
import type { Database } from './database.ts';

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

export function delegationStore(database: Database): DelegationStore {
  return {
    async insert(tx, delegation) {
      await database.on(tx).insertInto('approval_delegations').values(delegation).execute();
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

    async activeFor(delegate, now) {
      const rows = await database.read
        .selectFrom('approval_delegations')
        .selectAll()
        .where('delegate', '=', delegate)
        .where('ended_at', 'is', null)
        .where('from_at', '<=', new Date(now))
        .where('until', '>', new Date(now))
        .orderBy('id')
        .execute();
      return rows.map(delegationOf);
    },

    async of(principal) {
      const rows = await database.read
        .selectFrom('approval_delegations')
        .selectAll()
        .where((eb) => eb.or([eb('delegator', '=', principal), eb('delegate', '=', principal)]))
        .orderBy('id')
        .execute();
      return rows.map(delegationOf);
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
