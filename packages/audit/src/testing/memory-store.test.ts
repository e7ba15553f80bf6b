import { memoryUnitOfWork } from '@portreeve/contract/testing';
import { auditStoreContract, memoryAuditStore } from './index.ts';

auditStoreContract('memory', async () => {
  const store = memoryAuditStore();
  return { store, uow: memoryUnitOfWork(store) };
});
