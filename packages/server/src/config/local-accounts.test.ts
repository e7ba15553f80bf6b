import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@portreeve/contract';
import { memoryAuditWriter, memoryUnitOfWork } from '@portreeve/contract/testing';
import { createIdentity } from '@portreeve/identity';
import { unlockSigningKey } from '@portreeve/identity/signing-key';
import { memoryIdentityStore } from '@portreeve/identity/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ensureLocalAccounts, readLocalAccounts } from './local-accounts.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portreeve-accounts-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function newIdentity() {
  const store = memoryIdentityStore();
  const audit = memoryAuditWriter();
  const identity = createIdentity({ store, audit, uow: memoryUnitOfWork(store, audit), clock: systemClock });
  return { identity, audit };
}

test('B1: one account a role, each with a password of its own, made once and on record', async () => {
  const { identity, audit } = newIdentity();
  await ensureLocalAccounts(identity, folder, { approve: ['note-leads'], work: ['note-desk'] });
  const accounts = await identity.accounts();
  expect(accounts.map(({ name, roles, groups }) => [name, roles, groups])).toEqual([
    ['analyst', ['requester'], []],
    ['lead', ['approver'], ['note-leads']],
    ['operator', ['operator'], ['note-desk']],
    ['auditor', ['auditor'], []],
    ['admin', ['admin'], []],
  ]);
  const kept = (await readLocalAccounts(folder))!;
  expect(new Set(kept.map((account) => account.password)).size).toBe(5);
  expect(audit.types()).toEqual(Array(5).fill('identity.account_created'));
  expect(JSON.stringify(audit.drafts)).not.toContain(kept[0]!.password);
  expect((await stat(join(folder, 'accounts.json'))).mode & 0o777).toBe(0o600);

  const file = await readFile(join(folder, 'accounts.json'), 'utf8');
  await ensureLocalAccounts(identity, folder, { approve: ['note-leads'], work: ['note-desk'] });
  expect(await identity.accounts()).toHaveLength(5);
  expect(await readFile(join(folder, 'accounts.json'), 'utf8')).toBe(file);

  const lead = kept.find((account) => account.name === 'lead')!;
  const { name, password } = lead;
  expect((await identity.signIn({ name, password })).principal.name).toBe('lead');
  const key = (await identity.signingKeyOf(accounts[1]!.id))!;
  expect((await unlockSigningKey(key, lead.password)).public_key).toBe(key.public_key);
}, 60_000);

test('B1: another project on the same folder: who approves and who works join its groups, once, and on record', async () => {
  const { identity, audit } = newIdentity();
  await ensureLocalAccounts(identity, folder, { approve: ['note-leads'], work: ['note-desk'] });
  for (let start = 0; start < 2; start++)
    await ensureLocalAccounts(identity, folder, { approve: ['refund-leads'], work: ['note-desk'] });
  const groups = new Map((await identity.accounts()).map((account) => [account.name, account.groups]));
  expect(groups.get('lead')).toEqual(['note-leads', 'refund-leads']);
  expect(groups.get('operator')).toEqual(['note-desk']);
  expect(groups.get('analyst')).toEqual([]);
  expect(audit.of('identity.account_changed').map(({ data }) => data)).toMatchObject([
    { roles: ['approver'], groups: ['note-leads', 'refund-leads'] },
  ]);

  // Where another folder made them, they are not this one's to change.
  const another = join(folder, 'another');
  await mkdir(another);
  await ensureLocalAccounts(identity, another, { approve: ['other-leads'], work: [] });
  expect(audit.of('identity.account_changed')).toHaveLength(1);
}, 60_000);

test('what an interrupted first start wrote is used again', async () => {
  const kept = [{ name: 'analyst', password: 'correct horse battery', roles: ['requester'] }];
  await writeFile(join(folder, 'accounts.json'), JSON.stringify(kept));
  const { identity } = newIdentity();
  await ensureLocalAccounts(identity, folder, { approve: [], work: [] });
  expect((await identity.signIn({ name: 'analyst', password: 'correct horse battery' })).principal.name).toBe(
    'analyst',
  );
});

test('for accounts that another state folder made there is no file of passwords that open nothing', async () => {
  const { identity } = newIdentity();
  await ensureLocalAccounts(identity, folder, { approve: [], work: [] });
  const another = join(folder, 'another');
  await mkdir(another);
  await ensureLocalAccounts(identity, another, { approve: [], work: [] });
  expect(await readLocalAccounts(another)).toBeNull();
});

test('a file that is no list of accounts is named', async () => {
  await writeFile(join(folder, 'accounts.json'), '{"name":');
  await expect(readLocalAccounts(folder)).rejects.toMatchObject({
    code: 'misconfigured',
    detail: expect.stringContaining(join(folder, 'accounts.json')),
  });
});

test('no file, no accounts', async () => {
  expect(await readLocalAccounts(folder)).toBeNull();
});

test('J2: of two that start at once each keeps the passwords of the accounts that it has made, and no other', async () => {
  const { identity } = newIdentity();
  const other = join(folder, 'other');
  await mkdir(other);
  const groups = { approve: [], work: [] };
  await Promise.all([ensureLocalAccounts(identity, folder, groups), ensureLocalAccounts(identity, other, groups)]);
  const kept = [...((await readLocalAccounts(folder)) ?? []), ...((await readLocalAccounts(other)) ?? [])];
  expect(kept.map(({ name }) => name).sort()).toEqual(['admin', 'analyst', 'auditor', 'lead', 'operator']);
  for (const { name, password } of kept) expect((await identity.signIn({ name, password })).principal.name).toBe(name);
}, 60_000);
