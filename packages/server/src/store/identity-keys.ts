import type { EnvironmentName } from '@portreeve/contract';
import type { IdentityStore } from '@portreeve/identity';
import type { Database } from './database.ts';

interface AccessKeysTable {
  kid: string;
  x: string;
  environment: EnvironmentName;
  not_after: Date;
  instance: string;
}

declare module './tables.ts' {
  interface Tables {
    identity_access_keys: AccessKeysTable;
  }
}

export function accessKeyStore(
  database: Database,
): Pick<IdentityStore, 'publishKey' | 'publishedKeys' | 'withdrawKeys'> {
  return {
    async publishKey(tx, { kid, x, environment, not_after, instance }) {
      const moved = { not_after: new Date(not_after), instance };
      const written = await database
        .on(tx)
        .insertInto('identity_access_keys')
        .values({ kid, x, environment, ...moved })
        // INVARIANT: the id stays with the key that it was first published for.
        .onConflict((conflict) =>
          conflict
            .column('kid')
            .doUpdateSet(moved)
            .where('identity_access_keys.x', '=', x)
            .where('identity_access_keys.environment', '=', environment),
        )
        .returning('kid')
        .executeTakeFirst();
      return written !== undefined;
    },
    async publishedKeys(environment, { after, until }, limit) {
      const rows = await database.read
        .selectFrom('identity_access_keys')
        .selectAll()
        .where('environment', '=', environment)
        .where('not_after', '>', new Date(after))
        .where('not_after', '<=', new Date(until))
        .orderBy('not_after', 'desc')
        .orderBy('kid')
        .limit(limit)
        .execute();
      return rows.map((row) => ({ ...row, not_after: row.not_after.toISOString() }));
    },
    async withdrawKeys(tx, before) {
      const deleted = await database
        .on(tx)
        .deleteFrom('identity_access_keys')
        .where('not_after', '<=', new Date(before))
        .executeTakeFirst();
      return Number(deleted.numDeletedRows);
    },
  };
}
