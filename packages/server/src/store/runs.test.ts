import { runStoreContract } from '@portreeve/run/testing';
import { runStore } from './runs.ts';
import { testDatabase } from './testing/database.ts';
import { testSealing } from './testing/sealing.ts';

runStoreContract('PostgreSQL', async () => {
  const { database, close } = await testDatabase();
  return { store: runStore(database, testSealing(database)), uow: database, close };
});
