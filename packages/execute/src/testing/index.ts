export { startS3Server } from '../objects/testing/s3-server.ts';
export { type AwsOtherService, ROLE_KEY, STATIC_KEY, startAwsServer } from '../secrets/testing/aws-server.ts';
export { startVaultServer, type VaultEngine } from '../secrets/testing/vault-server.ts';
export { selfSigned } from './certificate.ts';
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
export { leaseStoreContract } from './lease-store-contract.ts';
export { MAIL_LOGIN, type MailServer, startMailServer } from './mail-server.ts';
export { memoryExecuteStore, memorySecrets } from './memory-store.ts';
export { secretStoreContract } from './secret-store-contract.ts';
export { executeStoreContract } from './store-contract.ts';
