import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../packages/server/src/store/postgres.ts';

/** One real PostgreSQL for the whole test run; each test file makes its own database on it. */
export default async function setup(): Promise<() => Promise<void>> {
  if (process.env.PORTREEVE_TEST_DATABASE_URL) return async () => undefined;
  const folder = await mkdtemp(join(tmpdir(), 'portreeve-test-'));
  const postgres = await startEmbeddedPostgres({ folder, durable: false });
  process.env.PORTREEVE_TEST_DATABASE_URL = postgres.url;
  return async () => {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  };
}
