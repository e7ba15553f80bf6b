import type { AuditStore, StagedRecord } from '@portreeve/audit';
import { PortreeveError } from '@portreeve/contract';
import { sql } from 'kysely';
import type { Database } from './database.ts';

/** The part of the log's store that adds to it: all that a process needs which never leads the log. */
export function auditStage(database: Database): Pick<AuditStore, 'stage'> {
  return {
    async stage(tx, log, records) {
      // One statement for all that a transaction records, with its commit.
      await database.gather(tx, `audit ${log}`, records, (all) => staging(log, all), unwritten);
    },
  };
}

function staging(log: string, records: readonly StagedRecord[]) {
  const column = (name: keyof StagedRecord) => sql`${records.map((record) => record[name])}::text[]`;
  // A key waits for a transaction that has just used the same one, and then sees whether it committed. Within one
  // transaction the first record of a key is the one.
  return sql`
    WITH given AS (
      SELECT n, entry, payload, key, row_number() OVER (PARTITION BY key ORDER BY n) AS turn
      FROM unnest(${column('entry')}, ${column('payload')}, ${column('key')})
        WITH ORDINALITY AS r (entry, payload, key, n)
    ), fresh AS (
      INSERT INTO audit_keys (log, key)
      SELECT ${log}, key FROM given WHERE key IS NOT NULL AND turn = 1 ORDER BY key
      ON CONFLICT DO NOTHING RETURNING key
    )
    INSERT INTO audit_pending (log, entry, payload)
    SELECT ${log}, entry, payload FROM given
    WHERE key IS NULL OR (turn = 1 AND key IN (SELECT key FROM fresh))
    ORDER BY n`;
}

function unwritten(cause: unknown): PortreeveError {
  return new PortreeveError('audit_unavailable', 'The record could not be written.', { cause });
}
