import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@portreeve/server/internals';
import { withClient } from '@portreeve/server/testing';
import { type Link, openLink } from './link.ts';

/** A standby of a PostgreSQL, which follows it over a wire. */
export interface Standby {
  readonly url: string;
  /** From the standby to the primary. */
  readonly wire: Link;
  /** Waits until it has all that the primary has written by now. */
  follows(): Promise<void>;
  /** Makes it the primary, with what it has. */
  promote(): Promise<void>;
  close(): Promise<void>;
}

/** Makes a standby as an administrator does: a base backup by the server's own functions, and streaming from there on. */
export async function openStandby(primary: { readonly url: string; readonly folder: string }): Promise<Standby> {
  const folder = await mkdtemp(join(tmpdir(), 'portreeve-standby-'));
  const address = new URL(primary.url);
  const wire = await openLink(Number(address.port));
  const data = join(folder, 'data');
  await withClient(primary.url, async (client) => {
    await client.query(`SELECT pg_backup_start('standby', true)`);
    await cp(join(primary.folder, 'data'), data, {
      recursive: true,
      filter: (path) => !path.endsWith('postmaster.pid'),
    });
    const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)');
    await writeFile(join(data, 'backup_label'), rows[0]!.labelfile, { mode: 0o600 });
  });
  const password = await readFile(join(primary.folder, 'password'), 'utf8');
  await writeFile(join(folder, 'password'), password, { mode: 0o600 });
  await writeFile(join(data, 'standby.signal'), '', { mode: 0o600 });
  const from = `host=127.0.0.1 port=${wire.port} user=${address.username} password=${password}`;
  await writeFile(
    join(data, 'postgresql.auto.conf'),
    `primary_conninfo = '${from}'\nwal_retrieve_retry_interval = 200\n`,
    {
      mode: 0o600,
    },
  );
  const postgres = await startEmbeddedPostgres({ folder });
  const scalar = (url: string, sql: string): Promise<string> =>
    withClient(url, async (client) => (await client.query<{ value: string }>(sql)).rows[0]!.value);
  return {
    url: postgres.url,
    wire,
    async follows() {
      const now = await scalar(primary.url, 'SELECT pg_current_wal_lsn() AS value');
      for (;;) {
        const sql = `SELECT coalesce(pg_last_wal_replay_lsn() >= '${now}'::pg_lsn, false)::text AS value`;
        if ((await scalar(postgres.url, sql)) === 'true') return;
        await new Promise((later) => setTimeout(later, 100));
      }
    },
    async promote() {
      await withClient(postgres.url, (client) => client.query('SELECT pg_promote()'));
    },
    async close() {
      await postgres.stop();
      await wire.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
