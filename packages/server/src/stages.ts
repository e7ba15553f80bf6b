import { createApprovals } from '@portreeve/approve';
import { createAuditLog, createNoteSigner, createRedactor } from '@portreeve/audit';
import {
  assemble,
  attachmentSource,
  fileSource,
  httpSource,
  loadLabelled,
  readSource,
  saveLabelled,
} from '@portreeve/context';
import type { Clock, ProjectConfig } from '@portreeve/contract';
import { createEgress, createExecutor, createGrantIssuer, createGrants } from '@portreeve/execute';
import { createEnvironment, createGate, createHandoffs } from '@portreeve/gate';
import { createIdentity } from '@portreeve/identity';
import type { PolicyEngine } from '@portreeve/policy';
import { type ContextStage, type RunQueue, taskRunner, taskSubmitter, type Workflows } from '@portreeve/run';
import { bindSource } from './config/bind-systems.ts';
import { egressRules, proxyOf } from './config/egress.ts';
import { type Keys, keyId } from './config/keys.ts';
import type { ModelEndpoint } from './config/model.ts';
import type { Project } from './config/project.ts';
import type { SecretFolder } from './config/secrets.ts';
import { wireConnectors } from './connectors.ts';
import { approvalStore } from './store/approvals.ts';
import { auditStore } from './store/audit.ts';
import type { Database } from './store/database.ts';
import { environmentStore, revokeGrantsOf } from './store/environment.ts';
import { executeStore } from './store/executions.ts';
import { handoffStore } from './store/handoffs.ts';
import { historyStore } from './store/history.ts';
import { identityStore } from './store/identity.ts';
import { leaseStore } from './store/leases.ts';
import { noticeStore } from './store/notices.ts';
import { proposalStore } from './store/proposals.ts';
import { runStore } from './store/runs.ts';
import { contextStore } from './store/values.ts';

export interface StagesOptions {
  readonly database: Database;
  readonly project: Project;
  readonly policy: PolicyEngine;
  readonly model: ModelEndpoint;
  readonly systems: ProjectConfig['systems'];
  readonly keys: Keys;
  readonly secrets: SecretFolder;
  readonly clock: Clock;
  /** The name of this process, as leases and executions know it. */
  readonly executor: string;
  /** Starts and wakes runs. The engine behind it starts last, when everything that a run needs is there. */
  readonly queue: RunQueue;
  readonly debugpoint: (name: string) => void;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, error?: unknown) => void;
}

/** Joins every stage to its store and to what it needs from outside. Opens nothing by itself but the egress guard. */
export async function wireStages(options: StagesOptions) {
  const { database, project, policy, model, systems, keys, secrets, clock, executor, queue, debugpoint, log } = options;
  const { config } = project;

  const audit = createAuditLog({
    store: auditStore(database),
    uow: database,
    signer: createNoteSigner({ name: config.log_origin, privateKey: keys.log }),
    redactor: createRedactor({ key: keys.redaction }),
    origin: config.log_origin,
    clock,
  });
  const stage = { audit, uow: database, clock };
  const identity = createIdentity({
    ...stage,
    store: identityStore(database),
    environment: config.environment,
  });
  const environment = createEnvironment({
    ...stage,
    name: config.environment,
    store: environmentStore(database),
    revokeGrants: (tx, target) => revokeGrantsOf(database, tx, target),
  });

  const leases = leaseStore(database);
  const issuer = createGrantIssuer({
    privateKey: keys.grant,
    keyId: keyId(keys.grant),
    issuer: issuerName(config),
    environment: config.environment,
    clock,
  });
  const executeRows = executeStore(database);
  const grants = createGrants({ ...stage, issuer, store: executeRows });
  const egress = createEgress({ allow: egressRules(systems), proxy: proxyOf(config, secrets) });
  const use = createExecutor({
    ...stage,
    jwks: await issuer.jwks(),
    issuer: issuerName(config),
    environment: config.environment,
    store: executeRows,
    connectors: wireConnectors({ egress, clock, systems, folder: project.folder }),
    secrets: { read: (name) => secrets.read(name) },
    instance: executor,
    debugpoint,
  });

  const proposals = proposalStore(database);
  const notices = noticeStore(database);
  const handoffs = createHandoffs({ ...stage, store: handoffStore(database) });
  const approvals = createApprovals({
    ...stage,
    store: approvalStore(database),
    signers: identity,
    onClosed: async (tx, approval) => {
      const run = (await proposals.get(approval.proposal))?.proposal.run;
      if (run) await queue.nudge(tx, run, `approval:${approval.id}`);
    },
  });
  const gate = createGate({
    ...stage,
    policy,
    approvals,
    handoffs,
    store: proposals,
    history: historyStore(database),
    notices,
    environment,
    debugpoint,
    execution: {
      issueGrant: async (tx, wish) => {
        const { token, claims } = await grants.issueGrant(tx, wish);
        return { token, grant: claims.jti };
      },
      execute: use.execute,
      recover: (grant) =>
        use.recoverGrant(grant, { dead: async (instance) => (await leases.dead([instance])).length > 0 }),
    },
  });

  const values = contextStore(database);
  const readers = [
    fileSource({ root: project.folder }),
    httpSource({ dispatcher: egress.dispatcher, secrets }),
    attachmentSource(),
  ];
  const context: ContextStage = {
    read: (contract, query, attachments) =>
      readSource(readers, { contract: bindSource(contract, systems), query, attachments }),
    assemble: (prompt, inputs, workflow) => assemble({ prompt, inputs, workflow }),
    save: (tx, run, labelled) => saveLabelled(values, tx, { run, labelled, clock }),
    load: (run, id) => loadLabelled(values, { run, id }),
  };
  const workflows: Workflows = {
    current: (name) => project.workflows.find((each) => each.definition.contract.name === name) ?? null,
    pinned: (name, release) =>
      project.workflows.find((each) => each.definition.contract.name === name && each.release === release) ?? null,
  };
  const runs = runStore(database);
  const run = taskRunner({
    ...stage,
    store: runs,
    context,
    ask: model.ask,
    endpoint: { name: model.provider.name, clearance: model.provider.clearance },
    gate,
    handoffs,
    policy,
    environment,
    workflows,
    log: (message, error) => log('error', message, error),
  });

  const submit = taskSubmitter({
    ...stage,
    store: runs,
    workflows,
    policy,
    environment,
    queue,
  });
  return {
    audit,
    identity,
    environment,
    leases,
    issuer,
    egress,
    approvals,
    gate,
    handoffs,
    notices,
    runs,
    run,
    submit,
  };
}

/** Grants name who issued them, not where: the address of a server may change. */
function issuerName(config: ProjectConfig): string {
  return `urn:portreeve:${config.environment}`;
}
