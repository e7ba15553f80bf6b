import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@portreeve/contract';
import { startVaultServer } from '@portreeve/execute/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withClient } from './store/testing/database.ts';
import { type TestServer, testServer } from './testing/server.ts';
import { caseNoteProject } from './testing/temporary-project.ts';

const NAME = 'downstream-token';
let house: TestServer;
let vault: Awaited<ReturnType<typeof startVaultServer>>;
let project: string;

beforeAll(async () => {
  vault = await startVaultServer(systemClock);
  vault.secretIds.add('secret-id');
  const secrets = {
    store: 'vault',
    address: vault.address,
    private: true,
    auth: { method: 'approle', role_id: 'role-of-portreeve', secret_id_file: 'secret-id' },
    dynamic: { [NAME]: 'database/creds/case-writer' },
  };
  project = await caseNoteProject({ credential: NAME, config: { secrets } });
  await writeFile(join(project, 'secret-id'), 'secret-id');
  house = await testServer({ project });
});
afterAll(async () => {
  await house?.close();
  await vault?.close();
  await rm(project, { recursive: true, force: true });
});

const stored = () =>
  withClient(house.databaseUrl, async (client) => (await client.query('SELECT * FROM credential_leases')).rows);

/** One run by a person's approval; gives the credential that the downstream was called with. */
async function runOnce(): Promise<string> {
  const run = await house.submit({ case_id: 'CASE-1' });
  const shown = await house.approvalOf(run.id);
  const lead = await house.as('lead');
  await lead.post(`/v1/approvals/${shown.approval.id}/verdicts`, await house.verdict('lead', shown, 'approve'));
  await house.ended(run.id);
  return String(house.downstream.calls.at(-1)?.headers.authorization).replace('Bearer ', '');
}

test('F7: a credential is minted for one call, and taken back when it ended', async () => {
  const during: unknown[] = [];
  house.downstream.replyWith((_, response) => {
    during.push(vault.leases.size);
    response.writeHead(201, { 'content-type': 'application/json' }).end('{"revision": 1}');
  });
  const first = JSON.parse(await runOnce());
  await expect.poll(() => vault.leases.size).toBe(0);
  const second = JSON.parse(await runOnce());
  expect(during).toEqual([1, 1]);
  expect(second.password).not.toBe(first.password);
  await expect.poll(stored).toEqual([]);
  expect(vault.leases.size).toBe(0);
});

test('F7: one that could not be taken back is on record, and is taken back later', async () => {
  // The first try and some of the next ones fail.
  vault.state.refuse_revoking = 2;
  await runOnce();
  const search = async () => {
    const { records } = await house.server.services.audit.search({ type: 'credential.lease', order: 'oldest' });
    return records.map((record) => record.entry.outcome);
  };
  await expect.poll(search, { timeout: 25_000 }).toEqual(['left_open', 'revoked']);
  expect(vault.leases.size).toBe(0);
  expect(await stored()).toEqual([]);
});

test('F7: a stop gives the session at the vault back', async () => {
  expect(vault.tokens.size).toBe(1);
  await house.server.stop('the test is over');
  expect(vault.tokens.size).toBe(0);
});
