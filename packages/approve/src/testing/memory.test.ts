import { fixedClock, newId } from '@portreeve/contract';
import { memoryUnitOfWork } from '@portreeve/contract/testing';
import { approvalStoreContract, memoryApprovalStore, memoryPasskeyStore, passkeyStoreContract } from './index.ts';

approvalStoreContract('memory', async () => {
  const store = memoryApprovalStore();
  return { store, uow: memoryUnitOfWork(store), close: async () => undefined };
});

passkeyStoreContract('memory', async () => {
  const store = memoryPasskeyStore();
  const clock = fixedClock('2026-11-02T09:00:00.000Z');
  const account = async () => newId('principal', clock);
  return { store, uow: memoryUnitOfWork(store), account, close: async () => undefined };
});
