import { sql } from 'kysely';
import type { RunPressure } from '../admission.ts';
import type { Database } from './database.ts';

export function runPressure(database: Database): RunPressure {
  return {
    async active(most) {
      const active = database.read
        .selectFrom('runs')
        .select('id')
        .where('ended_at', 'is', null)
        .where('approval', 'is', null)
        .limit(most);
      const row = await database.read
        .selectFrom(active.as('active'))
        .select(sql<number>`count(*)::int`.as('count'))
        .executeTakeFirstOrThrow();
      return row.count;
    },
    async endedSince(time) {
      const row = await database.read
        .selectFrom('runs')
        .select(sql<number>`count(*)::int`.as('count'))
        .where('ended_at', '>=', time)
        .executeTakeFirstOrThrow();
      return row.count;
    },
  };
}
