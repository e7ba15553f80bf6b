export { type TestPerson, testDecision, testPerson, testProposal, testSigners, testVerdict } from './fixtures.ts';
export { memoryApprovalStore } from './memory.ts';
export { type ApprovalStoreHarness, approvalStoreContract } from './store-contract.ts';
