import { memoryUnitOfWork } from '@portreeve/contract/testing';
import { identityStoreContract, memoryIdentityStore } from './index.ts';

identityStoreContract('memory', async () => {
  const store = memoryIdentityStore();
  return { store, uow: memoryUnitOfWork(store), close: async () => undefined };
});
