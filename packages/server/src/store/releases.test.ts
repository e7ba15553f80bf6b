import { releaseStoreContract } from '@portreeve/govern/testing';
import { releaseStore } from './releases.ts';
import { testDatabase } from './testing/database.ts';

releaseStoreContract('PostgreSQL', async () => {
  const { database, close } = await testDatabase();
  return { store: releaseStore(database), uow: database, close };
});
