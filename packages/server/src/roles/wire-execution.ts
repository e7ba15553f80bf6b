import type { AuditWriter, Clock, ProjectConfig } from '@portreeve/contract';
import { type Egress, type HouseAnswer, type HouseCall, type McpFollower, thumbprintOf } from '@portreeve/execute';
import {
  carryApart,
  createGrantIssuer,
  createGrants,
  createRecovery,
  type GrantIssuer,
} from '@portreeve/execute/gatekeeper';
import type { ExecutionService } from '@portreeve/gate';
import type { LeaseStore } from '@portreeve/run';
import { type Keys, keyId } from '../config/keys.ts';
import type { Secrets } from '../config/secrets.ts';
import type { ConnectorsOptions } from '../connectors.ts';
import type { Database } from '../store/database.ts';
import { dispatchStore } from '../store/dispatches.ts';
import { executeStore } from '../store/executions.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import { dispatchExecution } from './dispatch-execution.ts';
import { executorsAlive } from './executors-alive.ts';
import { issuerName, wireExecutor } from './wire-executor.ts';

export interface WiredExecution {
  /** What the gate asks. */
  readonly service: ExecutionService;
  readonly jwks: GrantIssuer['jwks'];
  /** A grant that an executor apart was given has come to something; an empty text: look at all. */
  heard(grant: string): void;
  /** What is done now and then: credentials of dead processes taken back, old dispatches removed. */
  tidy(): Promise<unknown>;
  /** Resolves once nothing is being given back any more. */
  idle(): Promise<void>;
}

/**
 * The gatekeeper's way to what executes: in this process where the keys hold an executor's, else in processes apart, by the
 * database. Everything else is the same: who signs, what is kept, how it is recovered.
 */
export async function wireExecution(options: {
  readonly database: Database;
  readonly audit: AuditWriter;
  readonly config: ProjectConfig;
  readonly keys: Keys;
  readonly secrets: Secrets;
  readonly egress: Egress;
  readonly systems: ProjectConfig['systems'];
  readonly folder: string;
  readonly clock: Clock;
  readonly leases: LeaseStore;
  readonly instance: string;
  readonly debugpoint: (name: string) => void;
  readonly tracing: Tracing;
  readonly follower: (key: string) => McpFollower | null;
  /** What Portreeve does itself, where this process executes. */
  readonly house: (call: HouseCall) => Promise<HouseAnswer>;
  readonly rehearsal?: ConnectorsOptions['rehearsal'];
}): Promise<WiredExecution> {
  const { database, audit, config, keys, clock, leases, instance } = options;
  const stage = { audit, uow: database, clock };
  const store = executeStore(database);
  const dead = async (other: string) => (await leases.dead([other])).length > 0;
  const executors = executorsAlive({ database, executors: config.executors, clock });
  const issuer = createGrantIssuer({
    privateKey: keys.grant,
    keyId: keyId(keys.grant),
    issuer: issuerName(config.environment),
    environment: config.environment,
    clock,
    ttl_s: config.grants.ttl_s,
    executor_jkt: keys.executor ? thumbprintOf(keys.executor) : () => executors.choose(),
  });
  const grants = createGrants({ ...stage, issuer, store });
  const issueGrant: ExecutionService['issueGrant'] = async (tx, wish) => {
    const { token, claims } = await grants.issueGrant(tx, wish);
    return { token, grant: claims.jti };
  };

  if (keys.executor) {
    const { use, credentials } = wireExecutor({
      ...options,
      environment: config.environment,
      key: keys.executor,
      jwks: issuer.jwks(),
    });
    return {
      service: {
        ...{ issueGrant, settle: grants.settle, carry: use.carry },
        recover: (grant) => use.recoverGrant(grant, { dead }),
      },
      jwks: issuer.jwks,
      heard: () => undefined,
      tidy: () => credentials.takeBack(dead),
      idle: () => credentials.idle(),
    };
  }
  // It makes no call itself, so nothing of it is ever running or unwritten.
  const recovery = createRecovery({ ...stage, store, instance, running: new Set(), unwritten: new Map() });
  const dispatches = dispatchStore(database);
  const apart = dispatchExecution({ dispatches, store, recovery, executors, dead, clock });
  return {
    service: { issueGrant, settle: grants.settle, carry: carryApart(database, apart.execute), recover: apart.recover },
    jwks: issuer.jwks,
    heard: apart.heard,
    tidy: apart.tidy,
    idle: async () => undefined,
  };
}
