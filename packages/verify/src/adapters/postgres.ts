import type { ReplayStore } from '../grant/replay.ts';

/** What is used of a client or pool of `pg`; `porsager/postgres` fits by `{ query: (t, v) => sql.unsafe(t, v) }`. */
export interface PostgresClient {
  query(text: string, values: unknown[]): Promise<{ readonly rows?: readonly unknown[] } | readonly unknown[]>;
}

/** Makes the table; run it with your migrations. */
export const REPLAY_TABLE = `CREATE TABLE IF NOT EXISTS portreeve_used_grants (
  jti text PRIMARY KEY,
  forget_at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS portreeve_used_grants_forget ON portreeve_used_grants (forget_at);`;

/**
 * Remembers used grants in PostgreSQL, for any number of processes: one row a grant, and the primary key decides who was
 * first. Inside the transaction of your own change (pass its client) grant and change commit together.
 */
export function postgresReplayStore(client: PostgresClient): ReplayStore & {
  /** Removes what nobody accepts any more; run it now and then. */
  forget(): Promise<void>;
} {
  return {
    async use(jti, expiresAt) {
      const result = await client.query(
        'INSERT INTO portreeve_used_grants (jti, forget_at) VALUES ($1, $2) ON CONFLICT (jti) DO NOTHING RETURNING jti',
        [jti, expiresAt.toISOString()],
      );
      const rows = 'rows' in result ? result.rows : (result as readonly unknown[]);
      if (!Array.isArray(rows)) throw new TypeError('the database did not answer with rows');
      return rows.length === 1;
    },
    async forget() {
      await client.query('DELETE FROM portreeve_used_grants WHERE forget_at < now()', []);
    },
  };
}
