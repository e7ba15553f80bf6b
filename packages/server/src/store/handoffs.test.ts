import { handoffStoreContract } from '@portreeve/gate/testing';
import { handoffStore } from './handoffs.ts';
import { testDatabase } from './testing/database.ts';
import { testSealing } from './testing/sealing.ts';

handoffStoreContract('PostgreSQL', async () => {
  const { database, close } = await testDatabase();
  return { store: handoffStore(database, testSealing(database)), uow: database, close };
});
