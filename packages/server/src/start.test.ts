import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditRecord } from '@portreeve/contract';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readLocalAccounts } from './config/local-accounts.ts';
import { plainKeystore } from './config/secrets.ts';
import { readHolder } from './config/state-folder.ts';
import { type StartOptions, startServer } from './start.ts';
import { type TestDatabase, testDatabase } from './store/testing/database.ts';
import { type TestServer, testServer, WORKFLOW } from './testing/server.ts';
import { soundProject, temporaryProject } from './testing/temporary-project.ts';

const folders: string[] = [];
const newFolder = async (made: Promise<string> = mkdtemp(join(tmpdir(), 'portreeve-start-'))): Promise<string> => {
  folders.push(await made);
  return made;
};
afterAll(() => Promise.all(folders.map((path) => rm(path, { recursive: true, force: true }))));

/** The pool that made the test's database keeps one connection for a while. */
const OF_THE_TEST = 1;

/** How many connections there are to a database, apart from the one that asks. */
async function connections(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ n: string }>(
      'SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    return Number(rows[0]!.n);
  } finally {
    await client.end();
  }
}

const typesOf = (records: readonly AuditRecord[]): string[] => records.map((record) => record.entry.type);

describe('a server that runs', () => {
  let house: TestServer;
  beforeAll(async () => {
    house = await testServer();
  });
  afterAll(() => house?.close());

  const search = async (query: object) => (await house.server.services.audit.search(query)).records;

  test('G1: the record begins with accounts, keys, rules, releases and the start', async () => {
    const first = await search({ order: 'oldest', limit: 12 });
    expect(typesOf(first)).toEqual([
      ...Array(5).fill('identity.account_created'),
      ...Array(4).fill('key.created'),
      'policy.loaded',
      'release.loaded',
      'system.started',
    ]);
    expect(first.at(-1)!.payload?.data).toMatchObject({
      ...{ workflows: [WORKFLOW], environment: 'test' },
      endpoints: [{ name: 'simulated', simulated: true, where: 'inside' }],
    });
  });

  test('a second one on the same folder is refused, and the first does not notice', async () => {
    const port = new URL(house.url).port;
    await expect(startServer({ ...house.startOptions, databaseUrl: undefined })).rejects.toMatchObject({
      code: 'already_running',
      detail: expect.stringMatching(new RegExp(`^Process ${process.pid} holds .* answers on http://127.0.0.1:${port}`)),
    });
    expect(await readHolder(house.stateFolder)).toMatchObject({ url: house.url });
    expect((await house.anonymous.get('/readyz')).status).toBe(200);
  });

  test('J2 INV9: a run that waits for a person goes on after a restart, and acts once', async () => {
    const analyst = await house.as('analyst');
    const run = await house.submit({ case_id: 'CASE-1' });
    const shown = await house.approvalOf(run.id);
    const before = { url: house.url, keys: (await house.anonymous.get('/.well-known/jwks.json')).body };
    await house.restart();

    expect(await readHolder(house.stateFolder)).toMatchObject({ url: house.url });
    expect((await house.anonymous.get('/.well-known/jwks.json')).body).toEqual(before.keys);
    // The session lives on: it is a row, not memory.
    const { body } = await analyst.get(`/v1/runs/${run.id}`);
    expect(body).toMatchObject({ state: 'waiting', release: run.release, approval: shown.approval.id });
    const lead = await house.as('lead');
    const { status } = await lead.post(
      `/v1/approvals/${shown.approval.id}/verdicts`,
      await house.verdict('lead', shown, 'approve'),
    );
    expect(status).toBe(201);
    expect(await house.ended(run.id)).toMatchObject({ state: 'completed', result: { status: 'succeeded' } });
    expect(house.downstream.calls).toHaveLength(1);

    const types = typesOf(await search({ run: run.id, order: 'oldest', limit: 200 }));
    for (const once of ['model.answered', 'proposal.submitted', 'approval.requested', 'execution.intent', 'run.ended'])
      expect(types.filter((type) => type === once)).toEqual([once]);
    // What had been recorded at the first start is not recorded again.
    for (const type of ['policy.loaded', 'release.loaded'] as const) expect(await search({ type })).toHaveLength(1);
    // Those of log (two), grants, the executor and access tokens.
    expect(await search({ type: 'key.created' })).toHaveLength(5);
    expect(await search({ type: 'system.started' })).toHaveLength(2);
    expect((await search({ type: 'system.stopped' }))[0]?.payload?.data).toEqual({
      reason: 'the test starts it again',
    });
  });

  test('INV9: a run whose release is gone becomes work for a person', async () => {
    // The workflow's files changed while the run waited.
    const run = await house.submit({ case_id: 'CASE-1' });
    await house.approvalOf(run.id);
    await house.server.stop('another release comes');
    const project = await newFolder(temporaryProject(soundProject()));
    const server = await startServer({ ...house.startOptions, project });
    try {
      await expect.poll(async () => (await server.services.runs.get(run.id))?.ended_at, { timeout: 5000 }).toBeTruthy();
      expect(await server.services.runs.get(run.id)).toMatchObject({
        state: 'handed_off',
        ending: expect.stringMatching(/release .* is not loaded any more/),
      });
      const [handoff] = await server.services.handoffs.list({ run: run.id });
      expect(handoff).toMatchObject({ kind: 'error', state: 'open' });
    } finally {
      await server.stop('done');
    }
  });

  test('J2: stopped, it leaves no connection, no port and no holder, also with a client in the middle', async () => {
    await house.restart();
    const run = await house.submit({ case_id: 'CASE-1' });
    await house.approvalOf(run.id);
    const follower = (async () => {
      for await (const _ of (await house.as('lead')).events(run.id));
    })().catch(() => 'cut off');
    const { url } = house;
    const first = house.server.stop('stopped');
    expect(house.server.stop('twice')).toBe(first);
    await first;
    await follower;
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
    expect(await readHolder(house.stateFolder)).toBeNull();
    await expect.poll(() => connections(house.databaseUrl)).toBeLessThanOrEqual(OF_THE_TEST);
    // Whoever holds the folder next is not disturbed by a late second call.
    const held = startServer(house.startOptions);
    await held;
    await house.server.stop('late');
    expect(await readHolder(house.stateFolder)).not.toBeNull();
    await (await held).stop('done');
  });
});

describe('a start that is refused leaves nothing behind', () => {
  let database: TestDatabase;
  let taken: Server;
  beforeAll(async () => {
    database = await testDatabase();
    taken = createServer();
    await new Promise<void>((listening) => taken.listen(0, '127.0.0.1', listening));
  });
  afterAll(async () => {
    taken?.close();
    await database?.close();
  });

  const downstream = { url: 'http://127.0.0.1:9', private: true };
  async function optionsOf(files: Readonly<Record<string, string>> = {}): Promise<StartOptions> {
    return {
      project: await newFolder(temporaryProject({ ...soundProject(), ...files })),
      stateFolder: await newFolder(),
      databaseUrl: database.url,
      port: 0,
      systems: { downstream },
    };
  }

  async function expectNothingLeft({ stateFolder }: StartOptions): Promise<void> {
    expect(await readHolder(stateFolder)).toBeNull();
    await expect.poll(() => connections(database.url)).toBeLessThanOrEqual(OF_THE_TEST);
  }

  const production = {
    'portreeve.config.ts': "export default { environment: 'production', workflows: ['workflows/one'] };",
  };

  test('C4: no policy', async () => {
    const options = await optionsOf({ 'policies/': '' });
    await expect(startServer(options)).rejects.toMatchObject({ code: 'no_policy' });
    await expectNothingLeft(options);
    expect(await readLocalAccounts(options.stateFolder)).toBeNull();
  });

  test('A1: a workflow whose rules loosen', async () => {
    const options = await optionsOf({
      'workflows/one/policies/action.cedar':
        '@id("action.more")\n@code("more")\n@reason("More.")\npermit (principal, action, resource);\n',
    });
    await expect(startServer(options)).rejects.toMatchObject({ code: 'policy_broken' });
    await expectNothingLeft(options);
  });

  test('a system that is not configured', async () => {
    const options = { ...(await optionsOf()), systems: {} };
    await expect(startServer(options)).rejects.toMatchObject({
      code: 'misconfigured',
      detail: expect.stringContaining('system://downstream'),
    });
    await expectNothingLeft(options);
  });

  test('J1: production without a key', async () => {
    // The other starts have taken the database for their environment.
    const fresh = await testDatabase();
    const options = { ...(await optionsOf(production)), databaseUrl: fresh.url };
    await expect(startServer(options)).rejects.toMatchObject({
      code: 'misconfigured',
      next: expect.stringContaining('simulated'),
    });
    await expectNothingLeft(options);
    await fresh.close();
  });

  test('E9: a credential in a plain environment variable, outside development', async () => {
    const options = { ...(await optionsOf()), env: { VAULT_TOKEN: 'hvs.canary' } };
    const error = await startServer(options).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'misconfigured', detail: 'VAULT_TOKEN is set in test.' });
    expect(String(error)).not.toContain('canary');
    await expectNothingLeft(options);
  });

  test('B6: a database of another environment', async () => {
    const fresh = await testDatabase();
    const first = await startServer({ ...(await optionsOf()), databaseUrl: fresh.url });
    await first.stop('it has bound the database');
    const options = { ...(await optionsOf(production)), databaseUrl: fresh.url };
    await expect(startServer(options)).rejects.toMatchObject({
      code: 'misconfigured',
      detail: 'This database belongs to test, and the configuration says production.',
    });
    await expectNothingLeft(options);
    await fresh.close();
  });

  test('a database that does not answer', async () => {
    const options = { ...(await optionsOf()), databaseUrl: 'postgresql://nobody:secret-password@127.0.0.1:9/none' };
    const error = await startServer(options).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'unavailable', detail: expect.stringMatching(/database/) });
    expect(String(error)).not.toContain('secret-password');
    await expectNothingLeft(options);
  });

  test('a port that is in use', async () => {
    const port = (taken.address() as AddressInfo).port;
    const options = { ...(await optionsOf()), port };
    await expect(startServer(options)).rejects.toMatchObject({
      code: 'already_running',
      detail: `Something else listens on port ${port}.`,
      next: expect.stringContaining('--port'),
    });
    await expectNothingLeft(options);

    // Nothing of it stands in the way of the next start, on the same folder and database.
    const server = await startServer({ ...options, port: 0 });
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    await server.stop('done');
    await expectNothingLeft(options);
  });

  test('B1: production has no accounts that anybody did not make', async () => {
    const fresh = await testDatabase();
    const options = { ...(await optionsOf(production)), databaseUrl: fresh.url };
    await plainKeystore(options.stateFolder, 'production').set('anthropic-api-key', 'sk-stored-0123456789');
    const server = await startServer(options);
    try {
      expect(server.services.info).toMatchObject({
        environment: 'production',
        endpoints: [{ simulated: false }],
      });
      expect(await readLocalAccounts(options.stateFolder)).toBeNull();
      expect(await server.services.identity.accounts()).toEqual([]);
    } finally {
      await server.stop('done');
    }
    expect(await readFile(join(options.stateFolder, 'server.log'), 'utf8')).not.toContain('sk-stored');
    await fresh.close();
  });
});
