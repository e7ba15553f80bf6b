import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNoteSigner, createRedactor } from '@portreeve/audit';
import { draft, projectConfigSchema, SYSTEM_ACTOR, systemClock } from '@portreeve/contract';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadKeys } from '../config/keys.ts';
import { openRootKeys } from '../keys/root-keys.ts';
import { auditStore } from '../store/audit.ts';
import { Database } from '../store/database.ts';
import { migrate } from '../store/migrate.ts';
import { emptyTestDatabase } from '../store/testing/database.ts';
import { wireAudit } from '../wire-audit.ts';
import { wireKeys } from '../wire-keys.ts';
import { type BackupMade, createBackups } from './make-backup.ts';
import { restoreBackup } from './restore.ts';

/** The schema that the backup is of, and a migration after it that changes rows which the backup holds. */
const OLDER = 62;
const CHANGES_ROWS = '0063_streams_by_log.sql';
const ORIGIN = 'portreeve.test/older';

let root: string;
let made: BackupMade;
const cleaning: (() => Promise<unknown>)[] = [];

const configured = (audit: object = {}) =>
  projectConfigSchema.parse({ environment: 'test', log_origin: ORIGIN, workflows: ['none'], audit });

/** A house as the version before had it: records under a tree, a stream that is half-way, and a backup of all that. */
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'portreeve-older-'));
  const stateFolder = join(root, 'state');
  const target = await emptyTestDatabase();
  cleaning.push(target.drop);
  const database = new Database(target.url);
  cleaning.push(() => database.close());
  const { applied } = await migrate(database.pool, OLDER);
  expect(applied).not.toContain(CHANGES_ROWS);
  const config = configured();
  const clock = systemClock;
  const keys = await loadKeys(stateFolder);
  const wrapper = openRootKeys({ config: config.root_keys, projectFolder: root, stateFolder, clock });
  cleaning.push(() => wrapper.close());
  const sealing = wireKeys({ database, key: keys.redaction, wrapper, clock });
  const { audit } = wireAudit({
    ...{ database, config, keys, sealing, clock, projectFolder: root },
    ...{ store: auditStore(database), redactor: createRedactor({ key: keys.redaction }), mayWait: () => false },
  });
  cleaning.push(() => audit.close());
  await audit.prepare();
  for (let i = 0; i < 20; i++)
    await audit.record([draft({ type: 'system.stopped', actor: SYSTEM_ACTOR, data: { reason: `stop ${i}` } })]);
  await sql`INSERT INTO audit_streams (name, next) VALUES ('siem', 12)`.execute(database.read);
  const places = {
    log: { folder: join(root, 'log'), keep_days: 30 },
    keys: { folder: join(root, 'keys'), keep_days: 30 },
  };
  const signer = createNoteSigner({ name: ORIGIN, privateKey: keys.log });
  made = await createBackups({ database, audit, signer, stateFolder, places, clock }).make(SYSTEM_ACTOR);
});
afterAll(async () => {
  for (const clean of cleaning.reverse()) await clean();
  await rm(root, { recursive: true, force: true });
});

async function restored(config: object) {
  const project = await mkdtemp(join(root, 'project-'));
  await writeFile(join(project, 'portreeve.config.ts'), `export default ${JSON.stringify(config)};\n`);
  const stateFolder = await mkdtemp(join(root, 'into-'));
  const target = await emptyTestDatabase();
  cleaning.push(target.drop);
  const archives = { log: made.log.folder, keys: made.keys.folder };
  const result = await restoreBackup({ project, stateFolder, databaseUrl: target.url, ...archives });
  const database = new Database(target.url);
  cleaning.push(() => database.close());
  return { result, database, stateFolder };
}

test('J3 G2: an older backup is restored with the tables of its time, verified, and then migrated with its rows', async () => {
  const { result, database } = await restored({ environment: 'test', log_origin: ORIGIN, workflows: ['none'] });
  expect(result).toMatchObject({ backup: made.backup, trees: made.trees, ahead: [] });
  expect(result.migrated).toContain(CHANGES_ROWS);
  expect(result.migrated.every((name) => Number(name.slice(0, 4)) > OLDER)).toBe(true);
  const { rows } = await sql`SELECT name, log, next FROM audit_streams`.execute(database.read);
  expect(rows).toEqual([{ name: 'siem', log: ORIGIN, next: '12' }]);
  // It is as far as this version wants it: nothing is left to do at the next start.
  expect((await migrate(database.pool)).applied).toEqual([]);
  const store = auditStore(database);
  expect((await store.record(ORIGIN, 19))?.entry).toContain('system.stopped');
});

test('J3 G2: a log that the configuration has got since is empty, and says of itself that it was restored', async () => {
  const logs = { finance: { origin: `${ORIGIN}/finance`, workflows: ['invoices'] } };
  const { result, database } = await restored({
    ...{ environment: 'test', log_origin: ORIGIN, workflows: ['none'], audit: { logs } },
  });
  expect(result.trees).toEqual(made.trees);
  const { rows } = await sql<{ log: string; n: string }>`
    SELECT log, count(*) AS n FROM audit_pending GROUP BY log ORDER BY log`.execute(database.read);
  expect(rows).toEqual([
    { log: ORIGIN, n: '2' },
    { log: `${ORIGIN}/finance`, n: '1' },
  ]);
});

test('J3: a backup that holds a log which the configuration does not name is refused', async () => {
  await expect(
    restored({ environment: 'test', log_origin: 'portreeve.test/another', workflows: ['none'] }),
  ).rejects.toMatchObject({ code: 'log_broken' });
});
