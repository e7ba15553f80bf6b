import type { LeaseStore } from '@portreeve/run';
import { sql } from 'kysely';
import type { Database } from './database.ts';

interface ExecutorLeasesTable {
  executor: string;
  until: Date;
}

declare module './tables.ts' {
  interface Tables {
    executor_leases: ExecutorLeasesTable;
  }
}

/** Leases by the database's clock, so that processes need not agree on the time. */
export function leaseStore(database: Database): LeaseStore {
  const until = (seconds: number) => sql<Date>`now() + make_interval(secs => ${seconds})`;
  return {
    async renew(executor, seconds) {
      await database.read
        .insertInto('executor_leases')
        .values({ executor, until: until(seconds) })
        .onConflict((conflict) => conflict.column('executor').doUpdateSet({ until: until(seconds) }))
        .execute();
    },
    async release(executor) {
      await database.read.deleteFrom('executor_leases').where('executor', '=', executor).execute();
    },
    async dead(executors) {
      if (executors.length === 0) return [];
      const living = await database.read
        .selectFrom('executor_leases')
        .select('executor')
        .where('executor', 'in', [...executors])
        .where('until', '>', sql<Date>`now()`)
        .execute();
      const alive = new Set(living.map((row) => row.executor));
      return executors.filter((executor) => !alive.has(executor));
    },
    async releaseOthers(executor) {
      await database.read.deleteFrom('executor_leases').where('executor', '!=', executor).execute();
    },
  };
}

/** Every process that holds a lease now. */
export async function livingLeases(database: Database): Promise<string[]> {
  const rows = await database.read
    .selectFrom('executor_leases')
    .select('executor')
    .where('until', '>', sql<Date>`now()`)
    .orderBy('executor')
    .execute();
  return rows.map((row) => row.executor);
}
