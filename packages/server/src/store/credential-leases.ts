import { asId } from '@portreeve/contract';
import type { LeaseStore } from '@portreeve/execute';
import type { ColumnType } from 'kysely';
import type { Database } from './database.ts';

interface CredentialLeasesTable {
  id: string;
  credential: string;
  tool: string;
  execution: string;
  instance: string;
  expires_at: ColumnType<Date, string, string>;
  left_open: boolean;
}

declare module './tables.ts' {
  interface Tables {
    credential_leases: CredentialLeasesTable;
  }
}

export function credentialLeaseStore(database: Database): LeaseStore {
  return {
    async insertLease(tx, lease) {
      await database.on(tx).insertInto('credential_leases').values(lease).execute();
    },
    async updateLease(tx, id, change) {
      const { numUpdatedRows } = await database
        .on(tx)
        .updateTable('credential_leases')
        .set(change)
        .where('id', '=', id)
        .executeTakeFirst();
      return numUpdatedRows === 1n;
    },
    async deleteLease(tx, id) {
      const { numDeletedRows } = await database
        .on(tx)
        .deleteFrom('credential_leases')
        .where('id', '=', id)
        .executeTakeFirst();
      return numDeletedRows === 1n;
    },
    async leases(limit) {
      const rows = await database.read
        .selectFrom('credential_leases')
        .selectAll()
        .orderBy('expires_at')
        .orderBy('id')
        .limit(limit)
        .execute();
      return rows.map((row) => ({
        ...row,
        execution: asId('execution', row.execution),
        expires_at: row.expires_at.toISOString(),
      }));
    },
  };
}
