import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditStoreContract } from '@portreeve/audit/testing';
import type { RunId } from '@portreeve/contract';
import { executeStoreContract } from '@portreeve/execute/testing';
import { type Durable, startEngine } from '@portreeve/run';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditStore } from './audit.ts';
import { executeStore } from './executions.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './postgres.ts';
import { testDatabase } from './testing/database.ts';

/** The newest PostgreSQL that Debian's packages have installed here, or null. */
function debianPrograms(): string | null {
  const root = '/usr/lib/postgresql';
  if (!existsSync(root)) return null;
  const versions = readdirSync(root)
    .map(Number)
    .filter((version) => version >= 15 && existsSync(join(root, String(version), 'bin/initdb')))
    .sort((a, b) => b - a);
  return versions[0] ? join(root, String(versions[0]), 'bin') : null;
}

const programs = debianPrograms();
if (!programs) console.log('skipped: no PostgreSQL 15 or newer of Debian is installed here');

describe.skipIf(!programs)('on Debian’s PostgreSQL', () => {
  let folder: string;
  let server: EmbeddedPostgres;
  const before = process.env.PORTREEVE_TEST_DATABASE_URL;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portreeve-debian-'));
    server = await startEmbeddedPostgres({ folder, durable: false, bin: programs ?? '' });
    // The suites below make their databases on this server.
    process.env.PORTREEVE_TEST_DATABASE_URL = server.url;
  });
  afterAll(async () => {
    process.env.PORTREEVE_TEST_DATABASE_URL = before;
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  auditStoreContract('Debian’s PostgreSQL', async () => {
    const { database, close } = await testDatabase();
    return { store: auditStore(database), uow: database, close };
  });
  executeStoreContract('Debian’s PostgreSQL', async () => {
    const { database, close } = await testDatabase();
    return { store: executeStore(database), uow: database, close };
  });

  test('J2: the durable engine runs on it', async () => {
    const { database, url, close } = await testDatabase();
    let ended = (): void => undefined;
    const end = new Promise<void>((done) => {
      ended = done;
    });
    const run = async (_id: RunId, durable: Durable) => {
      await durable.step('one', async () => 1);
      ended();
    };
    const engine = await startEngine({
      url,
      executor: 'a',
      ...{ run, runsAtOnce: 1 },
      clientOf: (tx) => database.clientOf(tx),
      log: () => undefined,
    });
    await database.transaction((tx) => engine.enqueue(tx, 'run_debian' as RunId));
    await end;
    await engine.stop();
    await close();
    expect(engine.executor).toBe('a');
  });
});
