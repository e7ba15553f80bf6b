import { runStoreContract } from '@portreeve/run/testing';
import { runStore } from './runs.ts';
import { testDatabase } from './testing/database.ts';

runStoreContract('PostgreSQL', async () => {
  const { database, close } = await testDatabase();
  return { store: runStore(database), uow: database, close };
});
