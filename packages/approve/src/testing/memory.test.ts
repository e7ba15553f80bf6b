import { memoryUnitOfWork } from '@portreeve/contract/testing';
import { approvalStoreContract, memoryApprovalStore } from './index.ts';

approvalStoreContract('memory', async () => {
  const store = memoryApprovalStore();
  return { store, uow: memoryUnitOfWork(store), close: async () => undefined };
});
