import { proposalStoreContract } from '@portreeve/gate/testing';
import { proposalStore } from './proposals.ts';
import { testDatabase } from './testing/database.ts';
import { testSealing } from './testing/sealing.ts';

proposalStoreContract('PostgreSQL', async () => {
  const { database, close } = await testDatabase();
  return { store: proposalStore(database, testSealing(database)), uow: database, close };
});
