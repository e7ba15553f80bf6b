import { historyStoreContract } from '@portreeve/gate/testing';
import { historyStore } from './history.ts';
import { testDatabase } from './testing/database.ts';

historyStoreContract('PostgreSQL', async () => {
  const { database, close } = await testDatabase();
  return { store: historyStore(database), uow: database, close };
});
