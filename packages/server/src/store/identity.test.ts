import { identityStoreContract } from '@portreeve/identity/testing';
import { identityStore } from './identity.ts';
import { testDatabase } from './testing/database.ts';

identityStoreContract('PostgreSQL', async () => {
  const { database, close } = await testDatabase();
  return { store: identityStore(database), uow: database, close };
});
