export { connectorContract, type Downstream, FAULTS, type Fault } from './connector-contract.ts';
export {
  type ExecuteFixture,
  executeFixture,
  scriptedConnector,
  TEST_ISSUER,
  TEST_NOW,
  testApproval,
  testContract,
  testDecision,
  testProposal,
} from './fixture.ts';
export { httpContract } from './http-contract.ts';
export { memoryExecuteStore, memorySecrets } from './memory-store.ts';
export { executeStoreContract } from './store-contract.ts';
