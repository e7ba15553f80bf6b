import { contextStoreContract } from '@portreeve/context/testing';
import { testDatabase } from './testing/database.ts';
import { contextStore } from './values.ts';

contextStoreContract('postgresql', async () => {
  const { database, close } = await testDatabase();
  return { store: contextStore(database), unit: database, close };
});
