import { contextStoreContract } from '@portreeve/context/testing';
import { testDatabase } from './testing/database.ts';
import { testSealing } from './testing/sealing.ts';
import { contextStore } from './values.ts';

contextStoreContract('postgresql', async () => {
  const { database, close } = await testDatabase();
  return { store: contextStore(database, testSealing(database)), unit: database, close };
});
