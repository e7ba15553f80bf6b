import { randomBytes } from 'node:crypto';
import type { PostgresBinding, ToolContract } from '@portreeve/contract';
import { toolContractSchema } from '@portreeve/contract';
import pg from 'pg';
import { testContract } from './fixture.ts';

export interface Ledger {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** The secret of a role that may use the accounts and nothing else. */
  readonly credential: string;
  readonly superuser: string;
  /** One statement as the owner. */
  query(sql: string): Promise<{ [column: string]: unknown }[]>;
  close(): Promise<void>;
}

/** A database with accounts on the PostgreSQL of the test run (see `test/postgres.setup.ts`). */
export async function startLedger(): Promise<Ledger> {
  const server = process.env.PORTREEVE_TEST_DATABASE_URL;
  if (!server) throw new Error('PORTREEVE_TEST_DATABASE_URL is not set: run the tests with vitest from the root');
  const name = `ledger_${randomBytes(8).toString('hex')}`;
  const role = `tool_${randomBytes(8).toString('hex')}`;
  const password = randomBytes(12).toString('hex');
  const owner = new pg.Client({ connectionString: server });
  await owner.connect();
  await owner.query(`CREATE DATABASE ${name}`);
  await owner.query(`CREATE ROLE ${role} LOGIN PASSWORD '${password}'`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  await client.query(`
    CREATE TABLE accounts (id text PRIMARY KEY, balance numeric NOT NULL, frozen boolean NOT NULL DEFAULT false);
    CREATE TABLE effects (proposal text, principal text);
    CREATE TABLE secrets (value text);
    INSERT INTO accounts VALUES ('a-1', 10.50), ('a-2', 99999999999999999999.25), ('a-3', 0);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
      BEGIN
        INSERT INTO effects VALUES (current_setting('portreeve.proposal', true), current_setting('portreeve.principal', true));
        RETURN NULL;
      END $$;
    CREATE TRIGGER note AFTER UPDATE ON accounts FOR EACH STATEMENT EXECUTE FUNCTION note();
    GRANT SELECT, UPDATE ON accounts TO ${role};
  `);
  return {
    host: url.hostname.replaceAll(/[[\]]/g, ''),
    port: Number(url.port || 5432),
    database: name,
    credential: JSON.stringify({ username: role, password }),
    superuser: JSON.stringify({
      username: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password) || 'none',
    }),
    query: async (sql) => (await client.query(sql)).rows,
    async close() {
      await client.end();
      await owner.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await owner.query(`DROP ROLE ${role}`);
      await owner.end();
    },
  };
}

/** The contract of a tool that freezes an account, or of another statement. */
export function ledgerContract(
  place: { readonly host: string; readonly port: number; readonly database: string },
  timeout_ms: number,
  change: Partial<PostgresBinding> = {},
): ToolContract {
  const mode = change.mode ?? 'write';
  return toolContractSchema.parse({
    ...testContract(),
    name: 'freeze_account',
    timeout_ms,
    effect: mode === 'write' ? 'write' : 'read',
    args: { type: 'object' },
    result: { type: 'object', required: ['rows', 'count'] },
    idempotency: 'none',
    binding: {
      connector: 'postgres',
      url: `postgres://${place.host}:${place.port}/${place.database}`,
      credential: 'ledger-role',
      statement: 'UPDATE accounts SET frozen = $2 WHERE id = $1 RETURNING id, frozen',
      parameters: [
        { argument: 'account', type: 'text' },
        { argument: 'frozen', type: 'boolean' },
      ],
      mode: 'write',
      tls: 'none',
      ...change,
    },
  });
}
