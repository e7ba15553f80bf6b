import { leaseStoreContract } from '@portreeve/run/testing';
import { leaseStore } from './leases.ts';
import { testDatabase } from './testing/database.ts';

leaseStoreContract('PostgreSQL', async () => {
  const { database, close } = await testDatabase();
  return { store: leaseStore(database), close };
});
