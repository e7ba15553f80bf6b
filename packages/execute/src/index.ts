/** The form of {@link GrantIssuer.jwks} (RFC 7517). */
export type { JSONWebKeySet } from 'jose';
export { emailConnector } from './connectors/email/email-connector.ts';
export type { Locate } from './connectors/ending.ts';
export { type HttpConnectorOptions, httpConnector } from './connectors/http/http-connector.ts';
export { type McpConnectorOptions, mcpConnector } from './connectors/mcp/mcp-connector.ts';
export { openApiConnector } from './connectors/openapi/openapi-connector.ts';
export { postgresConnector } from './connectors/postgres/postgres-connector.ts';
export { webhookConnector } from './connectors/webhook/webhook-connector.ts';
export { DEBUGPOINTS, type Debugpoint, type DebugpointName } from './debugpoint.ts';
export { createEgress, type Egress, type EgressOptions } from './egress/egress.ts';
export type { Resolve, ResolvedAddress } from './egress/lookup.ts';
export type { EgressProxy } from './egress/proxy.ts';
export type { EgressRule } from './egress/rules.ts';
export { createExecutor, type Executed, type ExecuteInput, type Executor, type ExecutorOptions } from './execute.ts';
export { createGrants, type Grants } from './grants.ts';
export {
  createGrantIssuer,
  DEFAULT_WORKLOAD,
  GRANT_CHARS_MAX,
  type GrantInput,
  type GrantIssuer,
  type GrantIssuerOptions,
  type IssuedGrant,
} from './issue-grant.ts';
export { callOutcomeSchema } from './outcome.ts';
export type { Connector, ExecuteStore, GrantStore, SecretReader, StoredExecution, StoredGrant } from './ports.ts';
export type { IsDead, Recovered, RecoveredGrant, Recovery } from './recover.ts';
export { EXECUTION_TABLE, type ExecutionEvent, GRANT_TABLE, type GrantEvent } from './states.ts';
export { takeVerifiedCall, type VerifiedCall } from './verified-call.ts';
