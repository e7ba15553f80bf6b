/** The public keys of a gatekeeper (RFC 7517). */
export type { JSONWebKeySet } from 'jose';
export { composeMessage, type Message } from './connectors/email/compose.ts';
export { emailConnector, type MailPlace, mailPlace } from './connectors/email/email-connector.ts';
export { sendMail } from './connectors/email/send-mail.ts';
export { type Locate, NotSendable } from './connectors/ending.ts';
export { type HttpConnectorOptions, httpConnector } from './connectors/http/http-connector.ts';
export { loginOf } from './connectors/login.ts';
export type { McpFollower } from './connectors/mcp/follow.ts';
export { type McpConnectorOptions, mcpConnector } from './connectors/mcp/mcp-connector.ts';
export type { Reaching } from './connectors/mcp/reach-server.ts';
export { type McpCatalogue, readMcpCatalogue } from './connectors/mcp/read-catalogue.ts';
export { withoutNetwork } from './connectors/mcp/without-network.ts';
export { nothingConnector } from './connectors/nothing-connector.ts';
export { openApiConnector } from './connectors/openapi/openapi-connector.ts';
export { postgresConnector } from './connectors/postgres/postgres-connector.ts';
export { webhookConnector } from './connectors/webhook/webhook-connector.ts';
export { DEBUGPOINTS, type Debugpoint, type DebugpointName } from './debugpoint.ts';
export { createEgress, type Egress, type EgressOptions } from './egress/egress.ts';
export type { Resolve, ResolvedAddress } from './egress/lookup.ts';
export type { EgressProxy } from './egress/proxy.ts';
export type { EgressRule } from './egress/rules.ts';
export { createExecutor, type Executed, type ExecuteInput, type Executor, type ExecutorOptions } from './execute.ts';
export { type S3ObjectsOptions, s3Objects } from './objects/s3.ts';
export { callOutcomeSchema } from './outcome.ts';
export type {
  Connector,
  CredentialPurpose,
  ExecuteStore,
  GrantStore,
  Lease,
  LeaseStore,
  Secret,
  SecretStore,
  StoredExecution,
  StoredGrant,
  StoredLease,
} from './ports.ts';
export { createProver, type Prover, thumbprintOf } from './prove.ts';
export type { IsDead, Recovered, RecoveredGrant, Recovery } from './recover.ts';
export { type AwsSecretsOptions, awsSecrets } from './secrets/aws.ts';
export {
  type AwsJson,
  type AwsJsonAnswer,
  type AwsJsonOptions,
  type AwsPlace,
  awsEndpoints,
  awsJson,
} from './secrets/aws-json.ts';
export { type AwsAuth, awsIdentity } from './secrets/aws-role.ts';
export { type Credentials, CredentialUnavailable, createCredentials } from './secrets/credentials.ts';
export { type Keystore, openKeystore } from './secrets/keystore.ts';
export { mountedFiles } from './secrets/mounted-files.ts';
export { SecretStoreError } from './secrets/store-error.ts';
export { type ExchangedToken, type ExchangeWish, exchangeToken } from './secrets/token-exchange.ts';
export { type VaultOptions, vaultStore } from './secrets/vault.ts';
export { type VaultAuth, type VaultSessionOptions, vaultSession } from './secrets/vault-session.ts';
export { EXECUTION_TABLE, type ExecutionEvent, GRANT_TABLE, type GrantEvent } from './states.ts';
export { takeVerifiedCall, type VerifiedCall } from './verified-call.ts';
