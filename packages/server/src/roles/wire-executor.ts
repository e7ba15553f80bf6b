import type { KeyObject } from 'node:crypto';
import type { AuditWriter, Clock, ProjectConfig } from '@portreeve/contract';
import {
  type Credentials,
  createCredentials,
  createExecutor,
  type Egress,
  type Executor,
  type ExecutorOptions,
  type HouseAnswer,
  type HouseCall,
  type McpFollower,
} from '@portreeve/execute';
import type { Secrets } from '../config/secrets.ts';
import { type ConnectorsOptions, wireConnectors } from '../connectors.ts';
import { credentialLeaseStore } from '../store/credential-leases.ts';
import type { Database } from '../store/database.ts';
import { executeStore } from '../store/executions.ts';
import { traceConnectors, traceExecutor } from '../telemetry/trace-stages.ts';
import type { Tracing } from '../telemetry/tracing.ts';

/** Joins the one thing that uses grants to its connectors, its credentials and its store, in whichever process it runs. */
export function wireExecutor(options: {
  readonly database: Database;
  readonly audit: AuditWriter;
  readonly clock: Clock;
  readonly secrets: Secrets;
  readonly egress: Egress;
  readonly systems: ProjectConfig['systems'];
  readonly environment: ProjectConfig['environment'];
  /** Where commands of MCP servers run: the project's. */
  readonly folder: string;
  readonly key: KeyObject;
  readonly jwks: ExecutorOptions['jwks'];
  readonly instance: string;
  readonly debugpoint: (name: string) => void;
  readonly tracing: Tracing;
  readonly follower?: (key: string) => McpFollower | null;
  readonly house: (call: HouseCall) => Promise<HouseAnswer>;
  readonly rehearsal?: ConnectorsOptions['rehearsal'];
}): { readonly use: Executor; readonly credentials: Credentials } {
  const { database, audit, clock, secrets, egress, systems, environment, folder, instance, tracing } = options;
  const stage = { audit, uow: database, clock };
  const credentials = createCredentials({
    ...stage,
    secrets: secrets.store,
    leases: credentialLeaseStore(database),
    instance,
  });
  const use = createExecutor({
    ...stage,
    credentials,
    key: options.key,
    jwks: options.jwks,
    issuer: issuerName(environment),
    environment,
    store: executeStore(database),
    connectors: traceConnectors(
      wireConnectors({
        egress,
        clock,
        systems,
        folder,
        house: options.house,
        rehearsal: options.rehearsal,
        ...(options.follower ? { follower: options.follower } : {}),
      }),
      tracing,
    ),
    instance,
    debugpoint: options.debugpoint,
  });
  return { use: traceExecutor(use, tracing), credentials };
}

/** Grants name who issued them, not where: the address of a server may change. */
export function issuerName(environment: ProjectConfig['environment']): string {
  return `urn:portreeve:${environment}`;
}
