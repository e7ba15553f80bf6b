import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { Database } from '../database.ts';
import { migrate } from '../migrate.ts';

export interface TestDatabase {
  readonly database: Database;
  readonly url: string;
  close(): Promise<void>;
}

/** A migrated database of its own on the server that the test run started (see `test/postgres.setup.ts`). */
export async function testDatabase(): Promise<TestDatabase> {
  const { url, drop } = await emptyTestDatabase();
  const database = new Database(url);
  await migrate(database.pool);
  return {
    database,
    url,
    async close() {
      await database.close();
      await drop();
    },
  };
}

/** One in which there is nothing at all. */
export async function emptyTestDatabase(): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const server = process.env.PORTREEVE_TEST_DATABASE_URL;
  if (!server) throw new Error('PORTREEVE_TEST_DATABASE_URL is not set: run the tests with vitest from the root');
  const name = `test_${randomBytes(8).toString('hex')}`;
  await admin(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => admin(server, `DROP DATABASE ${name} WITH (FORCE)`) };
}

async function admin(url: string, sql: string): Promise<void> {
  await withClient(url, (client) => client.query(sql));
}

/** One connection, to look at a database or to tamper with it behind the server's back. */
export async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
