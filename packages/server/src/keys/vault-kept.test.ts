import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@portreeve/contract';
import { startVaultServer } from '@portreeve/execute/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withClient } from '../store/testing/database.ts';
import { type TestServer, testServer } from '../testing/server.ts';
import { transitEngine } from './testing/transit-engine.ts';

const transit = transitEngine(systemClock);
let vault: Awaited<ReturnType<typeof startVaultServer>>;
let folder: string;
let house: TestServer;
beforeAll(async () => {
  vault = await startVaultServer(systemClock, transit.engine);
  vault.secretIds.add('secret-id-1');
  folder = await mkdtemp(join(tmpdir(), 'portreeve-vault-kept-'));
  const secret_id_file = join(folder, 'secret-id');
  await writeFile(secret_id_file, 'secret-id-1');
  const auth = { method: 'approle', role_id: 'role-of-portreeve', secret_id_file } as const;
  const keeper = { kind: 'vault', address: vault.address, private: true, key: 'portreeve', auth } as const;
  house = await testServer({ config: { root_keys: { keeper } } });
}, 60_000);
afterAll(async () => {
  await house?.close();
  await vault?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

test('G6: a whole server with its root key in a vault: runs, rotation by the command, a restart', {
  timeout: 60_000,
}, async () => {
  const run = await house.ended((await house.submit({ case_id: 'CASE-1', publish: false })).id);
  expect(run.state).toBe('completed');
  const roots = () =>
    withClient(house.databaseUrl, async (client) => {
      const { rows } = await client.query('SELECT DISTINCT root FROM subject_keys');
      return rows.map(({ root }) => root);
    });
  expect(await roots()).toEqual(['vault:transit/portreeve:v1']);
  const { status, body } = await (await house.as('admin')).post('/v1/audit/keys/rotate');
  expect([status, body]).toEqual([200, { root: 'vault:transit/portreeve:v2', keys: expect.any(Number) }]);
  expect(await roots()).toEqual(['vault:transit/portreeve:v2']);
  await house.restart();
  const { audit } = house.server.services;
  expect((await audit.search({ run: run.id })).records.every(({ payload }) => payload !== null)).toBe(true);
  expect(await audit.main.verify()).toMatchObject({ ok: true });
});

test('G3: a vault that does not answer stops what needs a key, and its return needs no hand', {
  timeout: 60_000,
}, async () => {
  const admin = await house.as('admin');
  vault.state.sealed = true;
  const refused = await admin.post('/v1/audit/keys/rotate');
  expect([refused.status, refused.body.code]).toEqual([503, 'audit_unavailable']);
  expect(JSON.stringify(refused.body)).not.toContain('sealed');
  vault.state.sealed = false;
  expect((await admin.post('/v1/audit/keys/rotate')).status).toBe(200);
  transit.state.forbidden = ['rotate'];
  const theirs = await admin.post('/v1/audit/keys/rotate');
  expect([theirs.status, theirs.body.code]).toEqual([409, 'conflict']);
  expect(theirs.body.next).toContain('vault write -f transit/keys/portreeve/rotate');
});
