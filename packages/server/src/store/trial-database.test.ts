import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withClient } from './testing/database.ts';
import { startTrialDatabase, type TrialDatabase } from './trial-database.ts';

let folder: string;
let running: TrialDatabase | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portreeve-trial-'));
});
afterEach(async () => {
  await running?.stop();
  await rm(folder, { recursive: true, force: true });
});

const begin = (password: string) =>
  startTrialDatabase({
    ...{ folder, database: 'shop', login: { username: 'shop-desk', password } },
    schema: (role) => `CREATE TABLE notes (text text); CREATE TABLE prices (cents int); GRANT ALL ON notes TO ${role}`,
  });
const asDesk = (url: string, password: string, sql: string) =>
  withClient(
    `${url.replace('://', `://shop-desk:${password}@`)}/shop`,
    async (client) => (await client.query(sql)).rows,
  );

test('J6: who has the login may do what the schema gives it; it stays, and another password takes the place of the first', {
  timeout: 60_000,
}, async () => {
  running = await begin("it's the first");
  expect(running.url).toMatch(/^postgres:\/\/127\.0\.0\.1:\d+$/);
  await asDesk(running.url, "it's the first", "INSERT INTO notes VALUES ('kept')");
  await expect(asDesk(running.url, "it's the first", 'SELECT * FROM prices')).rejects.toThrow(/permission denied/);
  await running.stop();

  running = await begin('another');
  expect(await asDesk(running.url, 'another', 'SELECT text FROM notes')).toEqual([{ text: 'kept' }]);
  await expect(asDesk(running.url, "it's the first", 'SELECT 1')).rejects.toThrow(/password/);
});
