/** The form of {@link GrantIssuer.jwks} (RFC 7517). */
export type { JSONWebKeySet } from 'jose';
export { DEBUGPOINTS, type Debugpoint, type DebugpointName } from './debugpoint.ts';
export {
  createEgress,
  type Egress,
  type EgressRule,
  type Resolve,
  type ResolvedAddress,
} from './egress.ts';
export { createExecutor, type Executed, type ExecuteInput, type Executor, type ExecutorOptions } from './execute.ts';
export { createGrants, type Grants } from './grants.ts';
export { httpConnector } from './http-connector.ts';
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
