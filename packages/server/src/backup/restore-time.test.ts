import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { draft, SYSTEM_ACTOR } from '@portreeve/contract';
import { afterAll, expect, test } from 'vitest';
import { emptyTestDatabase } from '../store/testing/database.ts';
import { type TestServer, testServer } from '../testing/server.ts';
import type { BackupMade } from './make-backup.ts';
import { restoreBackup } from './restore.ts';

/** With PORTREEVE_LONG=1 as many as the guide to backups tells times of. */
const RECORDS = process.env.PORTREEVE_LONG ? 100_000 : 2000;
const AT_ONCE = 200;

let house: TestServer | undefined;
const cleaning: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  await house?.close();
  for (const clean of cleaning) await clean();
});

async function took<T>(work: () => Promise<T>): Promise<{ readonly ms: number; readonly made: T }> {
  const begun = performance.now();
  const made = await work();
  return { ms: Math.round(performance.now() - begun), made };
}

async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = entries.filter((each) => each.isFile()).map((each) => stat(join(each.parentPath, each.name)));
  return (await Promise.all(sizes)).reduce((sum, { size }) => sum + size, 0);
}

test('J3: a backup and a verified restore take what the guide says, and lose no record', {
  timeout: 1_200_000,
}, async () => {
  const root = await mkdtemp(join(tmpdir(), 'portreeve-restore-time-'));
  cleaning.push(() => rm(root, { recursive: true, force: true }));
  house = await testServer({
    config: { backup: { log: { folder: join(root, 'log') }, keys: { folder: join(root, 'keys') } } },
  });
  const { audit } = house.server.services;
  for (let count = 0; count < RECORDS; count += AT_ONCE)
    await audit.record(
      Array.from({ length: AT_ONCE }, (_, index) =>
        draft({
          type: 'api.read',
          actor: SYSTEM_ACTOR,
          outcome: 'permit',
          data: { operation: 'runs.read', target: `of the load, ${count + index}` },
        }),
      ),
    );
  const admin = await house.as('admin');
  const backup = await took(async () => {
    const { status, body } = await admin.post<BackupMade>('/v1/backups');
    expect({ status, body }).toMatchObject({ status: 201 });
    return body;
  });
  await house.server.stop('its machine is lost');

  const database = await emptyTestDatabase();
  cleaning.push(database.drop);
  const restore = await took(() =>
    restoreBackup({
      project: house!.startOptions.project,
      stateFolder: join(root, 'state'),
      databaseUrl: database.url,
      log: backup.made.log.folder,
      keys: backup.made.keys.folder,
    }),
  );
  const [tree] = restore.made.trees;
  expect(tree!.size).toBeGreaterThanOrEqual(RECORDS);
  const mib = Math.round((await bytesIn(backup.made.log.folder)) / 1024 / 102.4) / 10;
  console.log(`${tree!.size} records: backup ${backup.ms} ms, ${mib} MiB; verified restore ${restore.ms} ms`);
});
