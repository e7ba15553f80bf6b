import pg from 'pg';

/** Tells when runs have ended, by one question to the database for all that are watched, so that the asking costs each contender the same. */
export interface Ends {
  /** Rejects where the run ended other than well. */
  of(run: string): Promise<void>;
  close(): Promise<void>;
}

const EVERY_MS = 10;

/** Of the product's own runs. */
export const ENDED_RUNS = `SELECT id, state = 'completed' AS ok FROM runs WHERE id = ANY ($1) AND ended_at IS NOT NULL`;

/** `sql` gives `id` and `ok` of those of the ids in `$1` that have ended. */
export async function watchEnds(databaseUrl: string, sql: string): Promise<Ends> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  const waiting = new Map<string, { done: () => void; failed: (error: Error) => void }>();
  let closed = false;
  const looking = (async () => {
    while (!closed) {
      if (waiting.size > 0) {
        const { rows } = await client.query<{ id: string; ok: boolean }>(sql, [[...waiting.keys()]]);
        for (const { id, ok } of rows) {
          const { done, failed } = waiting.get(id)!;
          waiting.delete(id);
          if (ok) done();
          else failed(new Error(`the run ${id} did not end well`));
        }
      }
      await new Promise((next) => setTimeout(next, EVERY_MS));
    }
  })();
  return {
    of: (run) => new Promise((done, failed) => waiting.set(run, { done, failed })),
    async close() {
      closed = true;
      await looking;
      await client.end();
    },
  };
}
