import type { AuditStore } from '@portreeve/audit';
import { sql } from 'kysely';
import type { Database } from './database.ts';

/** The part of the log's store that adds to it: all that a process needs which never leads the log. */
export function auditStage(database: Database): Pick<AuditStore, 'stage'> {
  return {
    async stage(tx, log, records) {
      const kysely = database.on(tx);
      const keys = records.flatMap(({ key }) => (key === null ? [] : [key])).sort();
      const free = new Set<string>();
      if (keys.length > 0) {
        // Waits for a transaction that has just used the same key, and then sees whether it committed.
        const { rows } = await sql<{ key: string }>`
          INSERT INTO audit_keys (log, key) SELECT ${log}, unnest(${keys}::text[])
          ON CONFLICT DO NOTHING RETURNING key`.execute(kysely);
        for (const { key } of rows) free.add(key);
      }
      const fresh = records.filter(({ key }) => key === null || free.delete(key));
      if (fresh.length === 0) return;
      await sql`
        INSERT INTO audit_pending (log, entry, payload)
        SELECT ${log}, entry, payload
        FROM unnest(${fresh.map(({ entry }) => entry)}::text[], ${fresh.map(({ payload }) => payload)}::text[])
          WITH ORDINALITY AS r (entry, payload, n) ORDER BY n`.execute(kysely);
    },
  };
}
