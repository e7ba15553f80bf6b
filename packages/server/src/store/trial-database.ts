import pg from 'pg';
import { startEmbeddedPostgres } from './postgres.ts';

export interface TrialDatabase {
  /** As `systems` has it: without who may come in. */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * A PostgreSQL of its own with one database, for a companion on which the tools of a project are tried out. Who has the login
 * may do there what the schema gives it, and what was done stays in the folder.
 */
export async function startTrialDatabase(options: {
  readonly folder: string;
  readonly database: string;
  readonly login: { readonly username: string; readonly password: string };
  /** The statements that make the database, given the name of the role as SQL writes it. */
  readonly schema: (role: string) => string;
}): Promise<TrialDatabase> {
  const { folder, database, login, schema } = options;
  const postgres = await startEmbeddedPostgres({ folder });
  try {
    const role = pg.escapeIdentifier(login.username);
    await withClient(postgres.url, async (ask) => {
      const known = await ask('SELECT 1 FROM pg_roles WHERE rolname = $1', [login.username]);
      const verb = known ? 'ALTER' : 'CREATE';
      await ask(`${verb} ROLE ${role} LOGIN PASSWORD ${pg.escapeLiteral(login.password)}`);
      if (await ask('SELECT 1 FROM pg_database WHERE datname = $1', [database])) return;
      // A fresh name, renamed when complete: an interrupted first start leaves no half database behind.
      const fresh = `${database}_fresh`;
      await ask(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(fresh)}`);
      await ask(`CREATE DATABASE ${pg.escapeIdentifier(fresh)}`);
      await withClient(at(postgres.url, fresh), (askFresh) => askFresh(schema(role)));
      await ask(`ALTER DATABASE ${pg.escapeIdentifier(fresh)} RENAME TO ${pg.escapeIdentifier(database)}`);
    });
    const { host } = new URL(postgres.url);
    return { url: `postgres://${host}`, stop: () => postgres.stop() };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

function at(url: string, database: string): string {
  const there = new URL(url);
  there.pathname = `/${database}`;
  return there.href;
}

/** Gives how many rows came, or were changed. */
type Ask = (sql: string, values?: string[]) => Promise<number>;

async function withClient(url: string, use: (ask: Ask) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await use(async (sql, values) => (await client.query(sql, values)).rowCount ?? 0);
  } finally {
    await client.end();
  }
}
