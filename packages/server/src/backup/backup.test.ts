import { createPrivateKey } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNoteSigner } from '@portreeve/audit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startServer } from '../start.ts';
import { emptyTestDatabase, withClient } from '../store/testing/database.ts';
import { client } from '../testing/client.ts';
import { type SignedInClient, type TestServer, testServer, WORKFLOW } from '../testing/server.ts';
import type { BackupMade } from './make-backup.ts';
import { MANIFEST, type Manifest, openManifest, signManifest } from './manifest.ts';
import { type RestoreOptions, restoreBackup } from './restore.ts';

const ORIGIN = 'portreeve.test/audit';
const CASES = 'portreeve.test/cases';
const logs = { cases: { origin: CASES, workflows: [WORKFLOW] } };

let root: string;
let house: TestServer;
let anchor: string;
let admin: SignedInClient;
let auditor: SignedInClient;
const cleaning: (() => Promise<unknown>)[] = [];

const backUp = async (): Promise<BackupMade> => {
  const { status, body } = await admin.post<BackupMade>('/v1/backups');
  expect({ status, body }).toMatchObject({ status: 201 });
  return body;
};

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'portreeve-backup-'));
  anchor = await mkdtemp(join(root, 'anchor-'));
  house = await testServer({
    config: {
      audit: { logs, anchors: [{ store: 'folder', name: 'disk', folder: anchor }] },
      backup: { log: { folder: join(root, 'log') }, keys: { folder: join(root, 'keys'), keep_days: 30 } },
    },
  });
  admin = await house.as('admin');
  auditor = await house.as('auditor');
});
afterAll(async () => {
  for (const clean of cleaning.reverse()) await clean();
  await house?.close();
  await rm(root, { recursive: true, force: true });
});

/** An empty database and a new state folder to restore into. */
async function target(made: { log: string; keys: string }, over: Partial<RestoreOptions> = {}) {
  const stateFolder = await mkdtemp(join(root, 'state-'));
  const database = await emptyTestDatabase();
  cleaning.push(database.drop);
  const options = { project: house.startOptions.project, stateFolder, databaseUrl: database.url, ...made, ...over };
  return { stateFolder, url: database.url, options };
}

const tablesIn = (url: string) =>
  withClient(url, async (one) => {
    const { rows } = await one.query("SELECT 1 FROM pg_tables WHERE schemaname IN ('public', 'dbos')");
    return rows.length;
  });

async function expectNothingLeft({ stateFolder, url }: { stateFolder: string; url: string }) {
  expect(await tablesIn(url)).toBe(0);
  expect(await readdir(join(stateFolder, 'keys')).catch(() => [])).toEqual([]);
}

async function copied(made: BackupMade): Promise<{ log: string; keys: string }> {
  const folder = await mkdtemp(join(root, 'copy-'));
  for (const archive of ['log', 'keys'] as const)
    await cp(made[archive].folder, join(folder, archive), { recursive: true });
  return { log: join(folder, 'log'), keys: join(folder, 'keys') };
}

describe('J3 F5: a backup', () => {
  test('is two archives that only their owner reads, with no key and no erased word in the one of the log', async () => {
    const made = await backUp();
    const files = async (folder: string) => (await readdir(folder, { recursive: true })).sort();
    const log = await files(made.log.folder);
    const keys = await files(made.keys.folder);
    expect(log).toContain('tables/public.audit_records.gz');
    expect(
      log.filter((name) =>
        /subject_keys|pseudonyms|audit_index|identity_sessions|passkey_(challenges|invitations)|\.pem|\.key/.test(name),
      ),
    ).toEqual([]);
    expect(keys).toEqual(
      expect.arrayContaining(['files/keys.log.pem', 'files/keys.root-keys.json', 'tables/public.subject_keys.gz']),
    );
    expect(keys.filter((name) => name.endsWith('.gz'))).toHaveLength(2);
    for (const folder of [made.log.folder, made.keys.folder])
      expect((await stat(join(folder, MANIFEST))).mode & 0o777).toBe(0o600);
    const { records } = (await auditor.get(`/v1/audit/records?type=backup.ended`)).body;
    expect(records[0].payload.data).toMatchObject({
      backup: made.backup,
      state: 'made',
      made: { trees: made.trees, log: made.log.manifest, keys: made.keys.manifest },
    });
    expect((await auditor.post('/v1/backups')).status).toBe(403);
  });

  test('an archive of keys goes when its time is over, and that is recorded; nothing else in the folder does', async () => {
    const old = await backUp();
    const long = new Date(Date.now() - 31 * 86_400_000);
    await utimes(join(old.keys.folder, MANIFEST), long, long);
    await utimes(join(old.log.folder, MANIFEST), long, long);
    const stranger = join(root, 'keys', 'bkp_stranger');
    await cp(old.log.folder, stranger, { recursive: true });
    await rm(join(stranger, MANIFEST));
    const made = await backUp();
    expect(made.removed).toEqual([{ backup: old.backup, archive: 'keys' }]);
    expect(await stat(old.keys.folder).catch(() => null)).toBeNull();
    expect(await stat(old.log.folder)).toBeTruthy();
    expect(await stat(stranger)).toBeTruthy();
  });

  test('that cannot be written leaves nothing but the record that it failed', async () => {
    await house.server.services.database.pool.query('CREATE TABLE "Odd name" (x int)');
    const { status } = await admin.post('/v1/backups');
    await house.server.services.database.pool.query('DROP TABLE "Odd name"');
    expect(status).toBe(500);
    expect((await readdir(join(root, 'log'))).filter((name) => name.endsWith('.making'))).toEqual([]);
    const { records } = (await auditor.get('/v1/audit/records?type=backup.ended')).body;
    expect(records[0].payload.data).toMatchObject({ state: 'failed', made: null });
  });
});

describe('J3 G6 INV10: a restore', () => {
  let first: BackupMade;
  let before: BackupMade;
  let after: BackupMade;
  let kept: string;
  let waiting: string;
  let erasedRun: string;

  beforeAll(async () => {
    first = await backUp();
    const leaver = await house.addAccount('leaver', ['requester']);
    const run = await house.submit({ case_id: 'CASE-1', publish: false }, leaver);
    await house.ended(run.id);
    erasedRun = run.id;
    const operator = await house.as('operator');
    // Whoever acts after the first backup has keys already: it holds all that the second one needs.
    await operator.get('/v1/environment');
    await house.approvalOf((await house.submit({ case_id: 'CASE-1' })).id);
    before = await backUp();
    const asked = (await operator.post('/v1/audit/erasures', { subject: leaver.principal.id, reason: 'they asked' }))
      .body;
    expect((await admin.post(`/v1/audit/erasures/${asked.id}/confirm`)).status).toBe(200);
    waiting = (await house.submit({ case_id: 'CASE-1' })).id;
    await house.approvalOf(waiting as never);
    after = await backUp();
    await house.ended((await house.submit({ case_id: 'CASE-1', publish: false })).id);
    kept = (await auditor.get('/v1/audit/checkpoint')).body.checkpoint;
    await house.server.stop('its machine is lost');
  }, 60_000);

  const both = () => ({ log: after.log.folder, keys: after.keys.folder });

  test.each<[string, (at: { log: string; keys: string }) => Promise<unknown>, RegExp]>([
    [
      'a changed file',
      async ({ log }) => {
        const path = join(log, 'tables/public.audit_records.gz');
        const bytes = await readFile(path);
        bytes[bytes.length >> 1]! ^= 1;
        await writeFile(path, bytes);
      },
      /audit_records\.gz of the backup is not the file/,
    ],
    ['a missing file', ({ keys }) => rm(join(keys, 'files/keys.log-ml-dsa.pem')), /log-ml-dsa\.pem .* cannot be read/],
    [
      'a changed manifest',
      async ({ log }) => {
        const note = await readFile(join(log, MANIFEST), 'utf8');
        await writeFile(join(log, MANIFEST), note.replace('"rows":', '"rows":1'));
      },
      /signature is wrong/,
    ],
    ['no manifest', ({ log }) => rm(join(log, MANIFEST)), /holds no manifest/],
    [
      'the archives exchanged',
      async (at) => {
        const { log } = at;
        Object.assign(at, { log: at.keys, keys: log });
      },
      /no usable key of the log/,
    ],
  ])('refuses %s, and leaves nothing', async (_, spoil, says) => {
    const at = await copied(after);
    await spoil(at);
    const into = await target(at);
    await expect(restoreBackup(into.options)).rejects.toThrow(says);
    await expectNothingLeft(into);
  });

  test('refuses another key than the one that is known from elsewhere', async () => {
    const { options } = await target(both(), { vkey: `${ORIGIN}+00000000+AQ==` });
    await expect(restoreBackup(options)).rejects.toThrow();
    const other = await target(both());
    const { vkey } = house.server.services.audit.main;
    const right = await target(both(), { vkey });
    await expect(restoreBackup({ ...right.options, project: other.options.project })).rejects.toThrow(/disk/);
  });

  test('refuses an archive of keys that lacks some which the log needs', async () => {
    const { log, keys } = { log: after.log.folder, keys: first.keys.folder };
    const into = await target({ log, keys }, { acceptRollback: true });
    await expect(restoreBackup(into.options)).rejects.toThrow(
      new RegExp(`does not verify: a key of record .* archive of keys is of another backup \\(${first.backup}`),
    );
    await expectNothingLeft(into);
  });

  test('refuses a database that holds anything', async () => {
    const into = await target(both());
    await withClient(into.url, (one) => one.query('CREATE TABLE mine (x int)'));
    await expect(restoreBackup(into.options)).rejects.toMatchObject({ code: 'conflict' });
    expect(await tablesIn(into.url)).toBe(1);
  });

  test('refuses a signed backup whose log does not verify, before anything can be written', async () => {
    const at = await copied(after);
    const vkey = house.server.services.audit.main.vkey;
    const manifest = openManifest(await readFile(join(at.log, MANIFEST), 'utf8'), vkey, 'x');
    await writeFile(
      join(at.log, MANIFEST),
      await resigned({ ...manifest, trees: manifest.trees.map((tree) => ({ ...tree, root: 'AAAA' })) }),
    );
    const into = await target(at);
    await expect(restoreBackup(into.options)).rejects.toThrow(/another root/);
    await expectNothingLeft(into);
  });

  test('G2: refuses to go back behind what an anchor has seen, unless somebody accepts that', async () => {
    const into = await target(both());
    await expect(restoreBackup(into.options)).rejects.toMatchObject({
      code: 'log_broken',
      detail: expect.stringContaining('anchor disk'),
      next: expect.stringContaining('--accept-rollback'),
    });
    await expectNothingLeft(into);
  });

  test('G2 G6: what was accepted is on record and shown; what was erased stays erased; nothing acts until a thaw', {
    timeout: 60_000,
  }, async () => {
    // The keys are from before the erasure, the log is from after it.
    const into = await target({ log: after.log.folder, keys: before.keys.folder }, { acceptRollback: true });
    const restored = await restoreBackup(into.options);
    expect(restored).toMatchObject({ backup: after.backup, trees: after.trees, migrated: [] });
    const seen = { kind: 'anchor', name: 'disk', size: expect.any(Number) };
    expect(restored.ahead).toEqual([
      { ...seen, log: ORIGIN },
      { ...seen, log: CASES },
    ]);
    expect(restored.ahead[0]!.size).toBeGreaterThan(after.trees[0]!.size);
    expect(restored.erased_keys).toBeGreaterThan(0);

    const { stateFolder, url: databaseUrl } = into;
    const server = await startServer({ ...house.startOptions, stateFolder, databaseUrl });
    try {
      const accounts = JSON.parse(await readFile(join(stateFolder, 'accounts.json'), 'utf8'));
      const as = async (name: string) => {
        const { password } = (accounts.accounts ?? accounts).find((one: { name: string }) => one.name === name);
        const { body } = await client(() => server.url, null).post('/v1/sessions', { name, password });
        return client(() => server.url, body.token);
      };
      const reader = await as('auditor');
      expect((await reader.post('/v1/audit/verify')).body).toMatchObject({ ok: true });
      const [record] = (await reader.get('/v1/audit/records?type=audit.restored&log=main')).body.records;
      expect(record).toMatchObject({
        entry: { outcome: 'rolled_back' },
        payload: {
          data: {
            backup: after.backup,
            size: after.trees[0]!.size,
            ahead: [{ kind: 'anchor', name: 'disk', size: restored.ahead[0]!.size }],
          },
        },
      });
      // Who kept a checkpoint sees that records are gone, and that others are in their place.
      const found = await server.services.audit.main.verify({ anchors: [kept] });
      expect(found).toMatchObject({ ok: false, kind: expect.stringMatching(/^(truncated|forked)$/) });
      const { places } = (await reader.get('/v1/system')).body;
      expect(places).toMatchObject([
        { log: 'main', name: 'disk', state: 'ahead' },
        { log: 'cases', name: 'disk', state: 'ahead' },
      ]);
      const own = (await reader.get('/v1/audit/records?type=audit.restored&log=cases')).body.records[0];
      expect(own.payload.data).toMatchObject({ size: after.trees[1]!.size, ahead: [{ name: 'disk' }] });
      expect((await reader.post('/v1/audit/verify', { log: 'cases' })).body).toMatchObject({ ok: true });

      const ofErased = (await reader.get(`/v1/audit/records?run=${erasedRun}&limit=100`)).body.records;
      expect(ofErased.length).toBeGreaterThan(5);
      for (const { payload, erased } of ofErased) expect([payload, erased?.cause]).toEqual([null, 'erasure']);

      const analyst = await as('analyst');
      const submit = () =>
        analyst.post('/v1/runs', { workflow: WORKFLOW, input: { case_id: 'CASE-1', publish: false } });
      expect((await analyst.get(`/v1/runs/${waiting}`)).body).toMatchObject({ state: 'waiting' });
      const calls = house.downstream.calls.length;
      expect((await submit()).body).toMatchObject({ code: 'refused', detail: expect.stringMatching(/frozen|freeze/i) });
      const thawed = await (await as('operator')).post('/v1/environment/thaws', {
        target: 'all',
        stage: 'lifted',
        reason: 'compared',
      });
      expect(thawed.status).toBeLessThan(300);
      expect(house.downstream.calls).toHaveLength(calls);
      expect((await submit()).status).toBe(201);
    } finally {
      await server.stop('looked at');
    }
  });

  test('refuses a backup of a schema that this version cannot make, and says with which it can be restored', async () => {
    const at = await copied(after);
    const vkey = house.server.services.audit.main.vkey;
    for (const archive of ['log', 'keys'] as const) {
      const manifest = openManifest(await readFile(join(at[archive], MANIFEST), 'utf8'), vkey, 'x');
      manifest.version = '99.0.0';
      manifest.schema.migrations.push({ number: 9999, name: '9999_later.sql', checksum: 'x' });
      await writeFile(join(at[archive], MANIFEST), await resigned(manifest));
    }
    const into = await target(at);
    await expect(restoreBackup(into.options)).rejects.toThrow(/Portreeve 99\.0\.0.*Restore with that version/);
    await expectNothingLeft(into);
  });

  test('comes back whole into an embedded PostgreSQL, where no place outside has seen more', {
    timeout: 60_000,
  }, async () => {
    for (const log of ['.', 'logs/cases']) await rm(join(anchor, log, 'checkpoint'), { force: true });
    const { options } = await target(both(), { databaseUrl: undefined });
    expect(await restoreBackup(options)).toMatchObject({ trees: after.trees, ahead: [], erased_keys: 0 });
    await expect(restoreBackup(options)).rejects.toMatchObject({ code: 'conflict' });
    const { databaseUrl: _, ...rest } = house.startOptions;
    const server = await startServer({ ...rest, stateFolder: options.stateFolder });
    try {
      const { audit } = server.services;
      expect(await audit.main.verify()).toMatchObject({ ok: true, erased: expect.any(Number) });
      expect((await audit.search({ type: 'audit.restored' })).records[0]).toMatchObject({
        entry: { outcome: 'restored' },
      });
      expect((await audit.search({ run: waiting as never })).records.length).toBeGreaterThan(5);
    } finally {
      await server.stop('looked at');
    }
  });
});

async function resigned(manifest: Manifest): Promise<string> {
  const pem = await readFile(join(house.stateFolder, 'keys/log.pem'), 'utf8');
  return signManifest(manifest, createNoteSigner({ name: ORIGIN, privateKey: createPrivateKey(pem) }));
}
