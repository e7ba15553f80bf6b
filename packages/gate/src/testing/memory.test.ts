import { fixedClock, newId } from '@portreeve/contract';
import { memoryUnitOfWork } from '@portreeve/contract/testing';
import {
  agentSessionStoreContract,
  handoffStoreContract,
  historyStoreContract,
  memoryAgentSessionStore,
  memoryHandoffStore,
  memoryHistoryStore,
  memoryNoticeStore,
  memoryProposalStore,
  memoryUndoStore,
  memoryUnwindingStore,
  noticeStoreContract,
  proposalStoreContract,
  undoStoreContract,
} from './index.ts';

proposalStoreContract('memory', async () => {
  const store = memoryProposalStore();
  return { store, uow: memoryUnitOfWork(store) };
});

handoffStoreContract('memory', async () => {
  const store = memoryHandoffStore();
  return { store, uow: memoryUnitOfWork(store) };
});

historyStoreContract('memory', async () => {
  const store = memoryHistoryStore();
  return { store, uow: memoryUnitOfWork(store) };
});

noticeStoreContract('memory', async () => {
  const store = memoryNoticeStore();
  return { store, uow: memoryUnitOfWork(store) };
});

undoStoreContract('memory', async () => {
  const proposals = memoryProposalStore();
  const undos = memoryUndoStore(proposals);
  const unwindings = memoryUnwindingStore();
  return { proposals, undos, unwindings, uow: memoryUnitOfWork(proposals, undos, unwindings) };
});

agentSessionStoreContract('memory', async () => {
  const store = memoryAgentSessionStore();
  const clock = fixedClock('2026-11-21T10:00:00.000Z');
  return { store, uow: memoryUnitOfWork(store), proposal: async () => newId('proposal', clock) };
});
