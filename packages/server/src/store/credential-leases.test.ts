import { leaseStoreContract } from '@portreeve/execute/testing';
import { credentialLeaseStore } from './credential-leases.ts';
import { testDatabase } from './testing/database.ts';

leaseStoreContract('PostgreSQL', async () => {
  const { database, close } = await testDatabase();
  return { store: credentialLeaseStore(database), uow: database, close };
});
