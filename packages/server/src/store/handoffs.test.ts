import { handoffStoreContract } from '@portreeve/gate/testing';
import { handoffStore } from './handoffs.ts';
import { testDatabase } from './testing/database.ts';

handoffStoreContract('PostgreSQL', async () => {
  const { database, close } = await testDatabase();
  return { store: handoffStore(database), uow: database, close };
});
