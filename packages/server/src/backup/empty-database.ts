import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PortreeveError } from '@portreeve/contract';
import pg from 'pg';
import { startEmbeddedPostgres } from '../store/postgres.ts';

export interface EmptyDatabase {
  readonly url: string;
  /** Makes it as empty as it was. */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

/** A database to put a backup into: that of the address, or the embedded one of the state folder. Throws `conflict` for one that holds anything. */
export async function emptyDatabase(stateFolder: string, databaseUrl: string | undefined): Promise<EmptyDatabase> {
  const folder = join(stateFolder, 'postgres');
  if (databaseUrl === undefined) {
    const present = await readdir(folder).catch(() => []);
    if (present.length > 0)
      throw new PortreeveError('conflict', `There is a database in ${folder} already.`, {
        next: 'Move it away, and keep it as evidence; or restore into another state folder (--state).',
      });
    const postgres = await startEmbeddedPostgres({ folder });
    return {
      url: postgres.url,
      async clear() {
        await postgres.stop();
        await rm(folder, { recursive: true, force: true });
      },
      stop: () => postgres.stop(),
    };
  }
  await assertEmpty(databaseUrl);
  return {
    url: databaseUrl,
    // INVARIANT: nothing was there before: all that these schemas hold was made here.
    clear: () =>
      withClient(databaseUrl, (client) =>
        client.query('DROP SCHEMA public CASCADE; DROP SCHEMA IF EXISTS dbos CASCADE; CREATE SCHEMA public'),
      ),
    stop: async () => undefined,
  };
}

async function assertEmpty(url: string): Promise<void> {
  await withClient(url, async (client) => {
    const { rows } = await client.query<{ held: string }>(
      `SELECT n.nspname || '.' || c.relname AS held FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
       WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' LIMIT 1`,
    );
    if (rows[0])
      throw new PortreeveError('conflict', `The database is not empty: it holds ${rows[0].held}.`, {
        next: 'Make an empty database and name it in DATABASE_URL. A backup is never put over data.',
      });
  });
}

async function withClient(url: string, use: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'portreeve-restore' });
  client.on('error', () => undefined);
  await client.connect().catch((cause: unknown) => {
    throw new PortreeveError('unavailable', 'The database cannot be reached.', {
      next: 'Check DATABASE_URL, and that PostgreSQL runs and lets this user in.',
      cause,
    });
  });
  try {
    await use(client);
  } finally {
    await client.end();
  }
}
