import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixedClock } from '@portreeve/contract';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createEgress } from '../egress/egress.ts';
import { secretStoreContract } from '../testing/secret-store-contract.ts';
import { SecretStoreError } from './store-error.ts';
import { startVaultServer } from './testing/vault-server.ts';
import { vaultStore } from './vault.ts';
import type { VaultAuth } from './vault-session.ts';

async function vault(change: Partial<Parameters<typeof vaultStore>[0]> = {}) {
  const clock = fixedClock('2026-11-20T12:00:00.000Z');
  const server = await startVaultServer(clock);
  const folder = await mkdtemp(join(tmpdir(), 'portreeve-vault-'));
  const secret_id_file = join(folder, 'secret-id');
  const jwt_file = join(folder, 'jwt');
  await writeFile(secret_id_file, 'secret-id-1\n');
  await writeFile(jwt_file, 'header.payload.signature\n');
  server.secretIds.add('secret-id-1');
  server.jwts.add('header.payload.signature');
  const egress = createEgress({ allow: [{ host: '127.0.0.1', port: server.port, private: true }] });
  const approle: VaultAuth = { method: 'approle', role_id: 'role-of-portreeve', secret_id_file };
  const jwt: VaultAuth = { method: 'jwt', role: 'portreeve', jwt_file };
  const open = (more: typeof change = {}) =>
    vaultStore({
      ...{ fetch: egress.fetch, address: server.address, auth: approle, clock, prefix: 'portreeve/test/' },
      dynamic: { 'case-db': 'database/creds/case-writer' },
      ...change,
      ...more,
    });
  const logins = () => server.asked.filter(({ path }) => path.endsWith('/login')).length;
  const close = async () => {
    await egress.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { clock, server, store: open(), open, jwt, logins, secret_id_file, close };
}

secretStoreContract('HashiCorp Vault and OpenBao, by their documented API', async () => {
  const { server, store, close } = await vault();
  return {
    store,
    put: async (name, value) => server.write(`portreeve/test/${name}`, { value }),
    remove: async (name) => server.write(`portreeve/test/${name}`, null),
    break: async () => {
      server.state.sealed = true;
    },
    close,
  };
});

describe('the vault', () => {
  let here: Awaited<ReturnType<typeof vault>>;
  beforeEach(async () => {
    here = await vault();
    here.server.write('portreeve/test/case-token', { value: 'the-value' });
  });
  afterEach(() => here.close());

  test('E9: a login by AppRole, and one by a token of the platform', async () => {
    expect((await here.store.fetch('case-token'))?.value).toBe('the-value');
    const byJwt = here.open({ auth: here.jwt, namespace: 'team-a' });
    expect((await byJwt.fetch('case-token'))?.value).toBe('the-value');
    expect(here.server.asked.filter(({ path }) => path.endsWith('/login')).map(({ path }) => path)).toEqual([
      '/v1/auth/approle/login',
      '/v1/auth/jwt/login',
    ]);
    expect(here.server.asked.at(-1)?.namespace).toBe('team-a');
  });

  test('many that ask at once log in once', async () => {
    await Promise.all(Array.from({ length: 20 }, () => here.store.fetch('case-token')));
    expect(here.logins()).toBe(1);
  });

  test('a token is renewed in the last third of its life, and taken anew where it cannot be', async () => {
    await here.store.fetch('case-token');
    here.clock.advance(2_399_000);
    await here.store.fetch('case-token');
    expect(here.server.asked.some(({ path }) => path.endsWith('/renew-self'))).toBe(false);
    here.clock.advance(2_000);
    await here.store.fetch('case-token');
    expect(here.server.asked.filter(({ path }) => path.endsWith('/renew-self'))).toHaveLength(1);
    expect(here.logins()).toBe(1);
    here.clock.advance(3_600_000);
    await here.store.fetch('case-token');
    expect(here.logins()).toBe(2);
  });

  test('a token that was revoked under us is taken anew, once', async () => {
    await here.store.fetch('case-token');
    here.server.tokens.clear();
    expect((await here.store.fetch('case-token'))?.value).toBe('the-value');
    expect(here.logins()).toBe(2);
  });

  test('the secret id is read anew at each login', async () => {
    await here.store.fetch('case-token');
    here.server.tokens.clear();
    here.server.secretIds.clear();
    await expect(here.store.fetch('case-token')).rejects.toThrow('the login at the vault was answered 400');
    here.server.secretIds.add('secret-id-2');
    await writeFile(here.secret_id_file, 'secret-id-2');
    expect((await here.store.fetch('case-token'))?.value).toBe('the-value');
  });

  test('closing gives the token back', async () => {
    await here.store.fetch('case-token');
    expect(here.server.tokens.size).toBe(1);
    await here.store.close();
    expect(here.server.tokens.size).toBe(0);
  });

  test('F7: a dynamic credential is minted for each use, renewed, and taken back', async () => {
    const first = await here.store.fetch('case-db');
    const second = await here.store.fetch('case-db');
    expect(first?.value).not.toBe(second?.value);
    expect(JSON.parse(first!.value)).toEqual({ password: expect.any(String), username: expect.any(String) });
    expect(first?.lease?.expires_at).toEqual(new Date('2026-11-20T13:00:00.000Z'));
    const renewed = await here.store.renew(first!.lease!.id, 600);
    expect(renewed).toEqual({ id: first!.lease!.id, expires_at: new Date('2026-11-20T12:10:00.000Z') });
    await here.store.revoke(first!.lease!.id);
    expect([...here.server.leases.keys()]).toEqual([second!.lease!.id]);
    await here.store.revoke(first!.lease!.id);
  });

  test('a revocation that fails is an error, so that it is tried again', async () => {
    const minted = await here.store.fetch('case-db');
    here.server.state.refuse_revoking = 1;
    await expect(here.store.revoke(minted!.lease!.id)).rejects.toThrow(SecretStoreError);
    await here.store.revoke(minted!.lease!.id);
    expect(here.server.leases.size).toBe(0);
  });

  test('several members are the text of an object, none is an error', async () => {
    here.server.write('portreeve/test/pair', { username: 'u', password: 'p' });
    expect((await here.store.fetch('pair'))?.value).toBe('{"password":"p","username":"u"}');
    here.server.write('portreeve/test/empty', {});
    await expect(here.store.fetch('empty')).rejects.toThrow('is empty');
  });

  test('F13: another host than the vault is not asked, and a redirect is not followed', async () => {
    const elsewhere = here.open({ address: 'http://127.0.0.1:9' });
    await expect(elsewhere.fetch('case-token')).rejects.toThrow('the store cannot be reached');
  });
});
