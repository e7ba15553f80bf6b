import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { readLocalAccounts } from '../config/local-accounts.ts';
import { startServer } from '../start.ts';
import { PROJECT, type TestServer, testServer } from '../testing/server.ts';

// Production never runs on the simulated model.
const secrets = { 'anthropic-api-key': 'no-key-and-never-used' };
let house: TestServer | null = null;
afterEach(async () => {
  await house?.close();
  house = null;
});

test('B1: production makes no local accounts, and a password opens nothing there', async () => {
  house = await testServer({ secrets, config: { environment: 'production' } });
  expect(await readLocalAccounts(house.stateFolder)).toBeNull();
  expect(await house.server.services.identity.accounts()).toEqual([]);
  const signIn = await house.anonymous.post('/v1/sessions', { name: 'admin', password: 'whatever it was' });
  expect(signIn).toMatchObject({
    status: 403,
    body: {
      code: 'refused',
      detail: 'Local accounts of people are off here.',
      next: 'Sign in through the identity provider.',
    },
  });
  const { records } = await house.server.services.audit.search({ type: 'identity.refused', limit: 5 });
  expect(records.map(({ payload }) => payload?.data)).toEqual([
    { way: 'local', reason: 'local_accounts_off', about: null },
  ]);
});

test('B1: where nobody can sign in, the start says so and what to do; outside production it has nothing to say', async () => {
  const warned = async () =>
    (await readFile(join(house!.stateFolder, 'server.log'), 'utf8')).match(/Nobody can sign in.*/);
  house = await testServer({ secrets, config: { environment: 'production' } });
  expect((await warned())?.[0]).toMatch(/`identity\.oidc`.*local_accounts: 'allow'/);
  await house.close();
  house = await testServer({ config: { environment: 'staging' } });
  expect(await warned()).toBeNull();
});

test('B1: outside production, too, no local accounts are made where people come from a provider, unless that is wanted', async () => {
  const corp = {
    ...{ name: 'corp', issuer: 'https://id.example', client_id: 'portreeve' },
    role_rules: [{ claim: 'groups', value: 'ops', roles: ['operator' as const] }],
  };
  house = await testServer({ config: { environment: 'staging', identity: { oidc: [corp] } } });
  expect(await readLocalAccounts(house.stateFolder)).toBeNull();
  expect(await house.server.services.identity.accounts()).toEqual([]);
  await house.close();
  house = await testServer({ config: { environment: 'staging', identity: { oidc: [corp], local_accounts: 'allow' } } });
  expect(await readLocalAccounts(house.stateFolder)).toHaveLength(5);
});

test('B1: where the configuration allows local accounts, production makes one: an administrator', async () => {
  house = await testServer({ secrets, config: { environment: 'production', identity: { local_accounts: 'allow' } } });
  expect((await readLocalAccounts(house.stateFolder))?.map(({ name }) => name)).toEqual(['admin']);
  const admin = await house.as('admin');
  expect((await admin.get('/v1/accounts')).body.accounts).toMatchObject([{ name: 'admin', roles: ['admin'] }]);
});

test('B6: a state folder of one environment does not start in another', async () => {
  house = await testServer({ config: { environment: 'staging' } });
  const { startOptions } = house;
  await house.server.stop('the test starts it elsewhere');
  const error = await startServer({ ...startOptions, project: PROJECT }).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({
    code: 'misconfigured',
    detail: expect.stringContaining('belongs to staging'),
  });
});
