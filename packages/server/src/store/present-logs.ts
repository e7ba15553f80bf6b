import { sql } from 'kysely';
import type { PresentLogs } from '../config/audit-logs.ts';
import type { Database } from './database.ts';

/** The logs of a database. Both questions jump from value to value of an index, whatever there is between. */
export function presentLogs(database: Database): PresentLogs {
  return {
    async origins() {
      const { rows } = await sql<{ log: string }>`
        WITH RECURSIVE found AS (
          SELECT min(log) AS log FROM audit_checkpoints
          UNION ALL
          SELECT (SELECT min(log) FROM audit_checkpoints AS c WHERE c.log > found.log) FROM found WHERE found.log IS NOT NULL
        )
        SELECT log FROM found WHERE log IS NOT NULL ORDER BY log`.execute(database.read);
      return rows.map(({ log }) => log);
    },
    async workflows(origin) {
      const { rows } = await sql<{ workflow: string }>`
        WITH RECURSIVE found AS (
          (SELECT workflow FROM audit_index WHERE log = ${origin} AND workflow IS NOT NULL ORDER BY workflow LIMIT 1)
          UNION ALL
          SELECT (
            SELECT workflow FROM audit_index AS i
            WHERE i.log = ${origin} AND i.workflow > found.workflow ORDER BY workflow LIMIT 1
          ) FROM found WHERE found.workflow IS NOT NULL
        )
        SELECT workflow FROM found WHERE workflow IS NOT NULL`.execute(database.read);
      return rows.map(({ workflow }) => workflow);
    },
  };
}
