import { passkeyStoreContract } from '@portreeve/approve/testing';
import { fixedClock, newId } from '@portreeve/contract';
import { identityStore } from './identity.ts';
import { passkeyStore } from './passkeys.ts';
import { testDatabase } from './testing/database.ts';

const clock = fixedClock('2026-11-02T09:00:00.000Z');

passkeyStoreContract('PostgreSQL', async () => {
  const { database, close } = await testDatabase();
  const accounts = identityStore(database);
  const account = async () => {
    const id = newId('principal', clock);
    const about = {
      kind: 'person',
      roles: [],
      groups: [],
      password_hash: null,
      signing_key: null,
      external: null,
    } as const;
    const created_at = clock.now().toISOString();
    await database.transaction((tx) => accounts.insertAccount(tx, { id, name: id, ...about, created_at }));
    return id;
  };
  return { store: passkeyStore(database), uow: database, account, close };
});
