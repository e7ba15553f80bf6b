import { undoStoreContract } from '@portreeve/gate/testing';
import { proposalStore } from './proposals.ts';
import { testDatabase } from './testing/database.ts';
import { testSealing } from './testing/sealing.ts';
import { undoStore, unwindingStore } from './undos.ts';

undoStoreContract('PostgreSQL', async () => {
  const { database, close } = await testDatabase();
  const sealing = testSealing(database);
  const stores = {
    proposals: proposalStore(database, sealing),
    undos: undoStore(database, sealing),
    unwindings: unwindingStore(database, sealing),
  };
  return { ...stores, uow: database, close };
});
