import { changeStoreContract } from '@portreeve/govern/testing';
import { changeStore } from './changes.ts';
import { surfaceStore } from './surface-agreed.ts';
import { testDatabase } from './testing/database.ts';

changeStoreContract('PostgreSQL', async () => {
  const { database, close } = await testDatabase();
  return { store: changeStore(database), surface: surfaceStore(database), uow: database, close };
});
