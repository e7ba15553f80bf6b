import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../store/testing/database.ts';
import { bindEnvironment, environmentOf } from './bind-environment.ts';

const databases: TestDatabase[] = [];
const folders: string[] = [];
beforeAll(async () => {
  for (let i = 0; i < 2; i++) {
    databases.push(await testDatabase());
    folders.push(await mkdtemp(join(tmpdir(), 'portreeve-environment-')));
  }
});
afterAll(async () => {
  for (const each of databases) await each.close();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

test('B6: a state folder and a database belong to the environment of their first start', async () => {
  const bind = (folder: number, database: number, environment: 'staging' | 'production') =>
    bindEnvironment({ stateFolder: folders[folder]!, pool: databases[database]!.database.pool, environment });
  expect(await environmentOf(folders[0]!)).toBeNull();
  await bind(0, 0, 'staging');
  await bind(0, 0, 'staging');
  expect(await environmentOf(folders[0]!)).toBe('staging');
  const foreign = { code: 'misconfigured', next: expect.stringContaining('never shared') };
  await expect(bind(0, 1, 'production')).rejects.toMatchObject({
    ...foreign,
    detail: 'This state folder belongs to staging, and the configuration says production.',
  });
  await expect(bind(1, 0, 'production')).rejects.toMatchObject({
    ...foreign,
    detail: 'This database belongs to staging, and the configuration says production.',
  });
  // A start that was refused has bound nothing.
  expect(await environmentOf(folders[1]!)).toBeNull();
  await bind(1, 1, 'production');
});

test('a file that names no environment is named, and not replaced', async () => {
  await writeFile(join(folders[0]!, 'environment'), 'prod\n');
  await expect(environmentOf(folders[0]!)).rejects.toMatchObject({ code: 'misconfigured' });
});
