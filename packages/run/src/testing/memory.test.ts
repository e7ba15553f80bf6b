import { fixedClock } from '@portreeve/contract';
import { memoryUnitOfWork } from '@portreeve/contract/testing';
import { leaseStoreContract, memoryLeaseStore, memoryRunStore, runStoreContract } from './index.ts';

runStoreContract('memory', async () => {
  const store = memoryRunStore();
  return { store, uow: memoryUnitOfWork(store) };
});

leaseStoreContract('memory', async () => ({ store: memoryLeaseStore(fixedClock('2026-11-20T12:00:00.000Z')) }));
