import { memoryUnitOfWork } from '@portreeve/contract/testing';
import { memoryExecuteStore } from './memory-store.ts';
import { executeStoreContract } from './store-contract.ts';

executeStoreContract('memory', async () => {
  const store = memoryExecuteStore();
  return { store, uow: memoryUnitOfWork(store) };
});
