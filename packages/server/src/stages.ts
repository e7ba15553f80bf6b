import { type Approvals, createApprovals } from '@portreeve/approve';
import {
  assemble,
  attachmentSource,
  createIngester,
  fileSource,
  forgetDue,
  forgetRun,
  forgetUsed,
  httpSource,
  loadLabelled,
  readSource,
  revealNotKept,
  saveLabelled,
  scoreValue,
  withholdNotKept,
} from '@portreeve/context';
import type { Clock, ProjectConfig } from '@portreeve/contract';
import {
  createCredentials,
  createEgress,
  createExecutor,
  createGrantIssuer,
  createGrants,
  thumbprintOf,
} from '@portreeve/execute';
import { createEnvironment, createGate, createHandoffs } from '@portreeve/gate';
import type { PolicyEngine } from '@portreeve/policy';
import { type ContextStage, type RunQueue, taskRunner, taskSubmitter, type Workflows } from '@portreeve/run';
import { bindSource } from './config/bind-systems.ts';
import { egressRules, proxyOf } from './config/egress.ts';
import { type Keys, keyId } from './config/keys.ts';
import type { Models } from './config/model.ts';
import type { Project } from './config/project.ts';
import type { Secrets } from './config/secrets.ts';
import { wireConnectors } from './connectors.ts';
import { wireDeidentification } from './deidentification.ts';
import { stopAgents } from './stop-agent.ts';
import { approvalStore } from './store/approvals.ts';
import { credentialLeaseStore } from './store/credential-leases.ts';
import type { Database } from './store/database.ts';
import { environmentStore, revokeGrantsOf } from './store/environment.ts';
import { executeStore } from './store/executions.ts';
import { handoffStore } from './store/handoffs.ts';
import { historyStore } from './store/history.ts';
import { leaseStore } from './store/leases.ts';
import { noticeStore } from './store/notices.ts';
import { proposalStore } from './store/proposals.ts';
import { runStore } from './store/runs.ts';
import { contextStore } from './store/values.ts';
import { wireAudit } from './wire-audit.ts';
import { wireIdentity } from './wire-identity.ts';

export interface StagesOptions {
  readonly database: Database;
  readonly project: Project;
  readonly policy: PolicyEngine;
  readonly models: Models;
  readonly systems: ProjectConfig['systems'];
  readonly keys: Keys;
  readonly secrets: Secrets;
  readonly stateFolder: string;
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
  const { database, project, policy, models, systems, keys, secrets, clock, executor, queue, debugpoint, log } =
    options;
  const { stateFolder } = options;
  const { config } = project;

  const { audit, publisher, closeEgress } = wireAudit({
    ...{ database, config, keys, clock },
    projectFolder: project.folder,
  });
  const stage = { audit, uow: database, clock };
  const changes = environmentStore(database);
  const environment = createEnvironment({
    ...stage,
    name: config.environment,
    store: changes,
    revokeGrants: async (tx, target) => {
      await revokeGrantsOf(database, tx, target);
    },
  });
  const agentHooks = stopAgents({
    database,
    audit,
    clock,
    changes,
    environment,
    approvals: (): Approvals => approvals,
  });
  const signIn = await wireIdentity({ database, audit, clock, config, secrets, stateFolder, agentHooks });
  const { identity } = signIn;

  const leases = leaseStore(database);
  const issuer = createGrantIssuer({
    privateKey: keys.grant,
    keyId: keyId(keys.grant),
    issuer: issuerName(config),
    environment: config.environment,
    clock,
    ttl_s: config.grants.ttl_s,
    executor_jkt: thumbprintOf(keys.executor),
  });
  const executeRows = executeStore(database);
  const grants = createGrants({ ...stage, issuer, store: executeRows });
  const egress = createEgress({ allow: egressRules(systems), proxy: proxyOf(config, secrets) });
  const credentials = createCredentials({
    ...stage,
    secrets: secrets.store,
    leases: credentialLeaseStore(database),
    instance: executor,
  });
  const use = createExecutor({
    ...stage,
    credentials,
    key: keys.executor,
    jwks: await issuer.jwks(),
    issuer: issuerName(config),
    environment: config.environment,
    store: executeRows,
    connectors: wireConnectors({ egress, clock, systems, folder: project.folder }),
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
  const ingester = createIngester();
  const readers = [
    fileSource({ root: project.folder, ingester }),
    httpSource({ dispatcher: egress.dispatcher, secrets, ingester }),
    attachmentSource({ ingester }),
  ];
  const { classifier, sweep, ...hiding } = wireDeidentification({
    ...{ database, audit, systems, key: keys.pseudonyms, detection: config.detection },
    dispatcher: egress.dispatcher,
  });
  const context: ContextStage = {
    ...hiding,
    score: scoreValue,
    read: (contract, query, attachments) =>
      readSource(readers, { contract: bindSource(contract, systems), query, attachments }, classifier),
    reveal: (contract, query) =>
      revealNotKept(readers, { contract: bindSource(contract, systems), query, attachments: [] }),
    assemble: (prompt, inputs, workflow, life) => assemble({ prompt, inputs, workflow, ...life }),
    withhold: withholdNotKept,
    save: (tx, run, labelled, life) => saveLabelled(values, tx, { run, labelled, clock, ...(life ? { life } : {}) }),
    forgetUsed: (tx, run, ids) => forgetUsed(values, tx, run, ids),
    forgetRun: (tx, run) => forgetRun(values, tx, run),
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
    endpoints: models.endpoints,
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
    publisher,
    closePlaces: closeEgress,
    identity,
    signIn,
    environment,
    leases,
    issuer,
    credentials,
    egress,
    approvals,
    gate,
    handoffs,
    notices,
    runs,
    run,
    submit,
    /** Takes out of the store what is past its minutes. */
    forgetDue: () => forgetDue(values, database, clock.now()),
    sweepPseudonyms: sweep,
  };
}

/** Grants name who issued them, not where: the address of a server may change. */
function issuerName(config: ProjectConfig): string {
  return `urn:portreeve:${config.environment}`;
}
