export { type Flaws, type SoftwareAuthenticator, softwareAuthenticator } from './authenticator.ts';
export { type TestPerson, testDecision, testPerson, testProposal, testSigners, testVerdict } from './fixtures.ts';
export { memoryApprovalStore } from './memory.ts';
export { memoryDelegationStore } from './memory-delegations.ts';
export { memoryPasskeyStore } from './memory-passkeys.ts';
export { type PasskeyStoreHarness, passkeyStoreContract } from './passkey-store-contract.ts';
export { type ApprovalStoreHarness, approvalStoreContract } from './store-contract.ts';
