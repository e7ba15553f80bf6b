import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { ProjectConfigInput } from '@portreeve/contract';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { executorThumbprint, grantKey, loadKeys } from '../config/keys.ts';
import { startServer } from '../start.ts';
import { type TestDatabase, testDatabase, withClient } from '../store/testing/database.ts';
import { PROJECT } from '../testing/server.ts';
import { temporaryProject } from '../testing/temporary-project.ts';
import { startExecutor } from './executor.ts';

const folders: string[] = [];
const logins: string[] = [];
let db: TestDatabase;
let state: string;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(async () => {
  for (const name of logins) await db.database.pool.query(`DROP OWNED BY ${name}; DROP ROLE ${name}`);
  await db.close();
});
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'portreeve-executor-'));
  folders.push(state);
});
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function login(membership: string): Promise<string> {
  const name = `test_login_${randomBytes(6).toString('hex')}`;
  logins.push(name);
  await db.database.pool.query(`CREATE ROLE ${name} LOGIN PASSWORD 'x' ${membership}`);
  const url = new URL(db.url);
  url.username = name;
  url.password = 'x';
  return url.href;
}

const GRANT_KEY = 'x'.repeat(43);
/** A project that knows this executor, but for what is changed. */
async function project(changes: Partial<ProjectConfigInput> = {}): Promise<string> {
  const config: ProjectConfigInput = {
    environment: 'test',
    workflows: [join(PROJECT, 'workflows/case-note')],
    systems: { downstream: { url: 'http://127.0.0.1:9', private: true } },
    executors: { main: { jkt: await executorThumbprint(state) } },
    grant_keys: [GRANT_KEY],
    ...changes,
  };
  // Paths of workflows are relative to the project; this one stands elsewhere.
  const folder = await temporaryProject({});
  folders.push(folder);
  const workflows = config.workflows.map((path) => relative(folder, path));
  await writeFile(join(folder, 'portreeve.config.ts'), `export default ${JSON.stringify({ ...config, workflows })};\n`);
  return folder;
}
const start = async (changes: Partial<ProjectConfigInput>, databaseUrl: string) =>
  startExecutor({ project: await project(changes), stateFolder: state, databaseUrl, env: {} });

describe('F7: an executor does not start', () => {
  test('with a key that the configuration does not know, and says which', async () => {
    const jkt = await executorThumbprint(state);
    await expect(start({ executors: {} }, db.url)).rejects.toMatchObject({
      code: 'misconfigured',
      next: expect.stringContaining(jkt),
    });
  });

  test('without knowing whose grants count', async () => {
    await expect(start({ grant_keys: [] }, db.url)).rejects.toMatchObject({
      code: 'misconfigured',
      next: expect.stringContaining('portreeve keys grant'),
    });
  });

  test('on a state folder that holds a key of the gatekeeper', async () => {
    const made = await project();
    await loadKeys(state);
    await expect(
      startExecutor({ project: made, stateFolder: state, databaseUrl: db.url, env: {} }),
    ).rejects.toMatchObject({
      code: 'misconfigured',
      detail: expect.stringContaining(join(state, 'keys')),
    });
  });

  test('for a tool of a system that is not configured', async () => {
    await expect(start({ systems: {} }, db.url)).rejects.toMatchObject({ code: 'misconfigured' });
  });

  test('on a database without Portreeve, or of another version', async () => {
    const empty = await testDatabase();
    try {
      await withClient(empty.url, (client) => client.query('DELETE FROM schema_migrations WHERE number = 21'));
      await expect(start({}, empty.url)).rejects.toMatchObject({ code: 'unavailable' });
      await withClient(empty.url, (client) => client.query('DROP TABLE schema_migrations'));
      await expect(start({}, empty.url)).rejects.toMatchObject({ code: 'unavailable' });
    } finally {
      await empty.close();
    }
  });

  test('with a database user that lacks rights', async () => {
    await expect(start({}, await login('IN ROLE portreeve_api'))).rejects.toMatchObject({
      code: 'misconfigured',
      detail: expect.stringContaining('lacks rights'),
    });
  });

  test('in production with a database user that has more rights than an executor', async () => {
    for (const membership of ['SUPERUSER', 'IN ROLE portreeve_executor, portreeve_gatekeeper']) {
      await expect(start({ environment: 'production' }, await login(membership))).rejects.toMatchObject({
        code: 'misconfigured',
        detail: expect.stringContaining("not an executor's"),
        next: expect.stringContaining('portreeve_executor'),
      });
    }
  });

  test('E9: with a credential in its environment, outside development', async () => {
    const given = { project: await project(), stateFolder: state, databaseUrl: db.url, env: { VAULT_TOKEN: 'x' } };
    await expect(startExecutor(given)).rejects.toMatchObject({ detail: expect.stringContaining('VAULT_TOKEN') });
  });
});

test('F7: elsewhere more rights are a warning; the folder is its own until it stops', async () => {
  const given = { project: await project(), stateFolder: state, databaseUrl: db.url, env: {} };
  const running = await startExecutor(given);
  try {
    expect(running).toMatchObject({ name: 'main', jkt: await executorThumbprint(state) });
    expect(await readFile(join(state, 'server.log'), 'utf8')).toContain("rights that are not an executor's");
    await expect(startExecutor(given)).rejects.toMatchObject({ code: 'already_running' });
  } finally {
    await running.stop();
  }
  // Staged: the process that leads the log gives it its place.
  const staged = await db.database.pool.query<{ entry: string }>('SELECT entry FROM audit_pending');
  expect(staged.rows.map(({ entry }) => JSON.parse(entry).type)).toEqual([
    'key.created',
    'executor.started',
    'executor.stopped',
  ]);
  // Its lease ends with it: nobody waits for what it was given.
  expect((await db.database.pool.query('SELECT * FROM executor_leases')).rows).toEqual([]);
  await (await startExecutor(given)).stop();
});

test('F7: the rest does not start without an executor of its own and none configured', async () => {
  const given = { project: await project({ executors: {} }), stateFolder: state, databaseUrl: db.url };
  await rm(join(state, 'keys'), { recursive: true });
  await expect(startServer({ ...given, executor: 'apart', port: 0 })).rejects.toMatchObject({
    code: 'misconfigured',
    next: expect.stringContaining('portreeve keys executor'),
  });
  await expect(grantKey(state)).rejects.toMatchObject({ code: 'not_found' });
});
