import { type Approvals, createApprovalDelegations, createApprovals, createPasskeys } from '@portreeve/approve';
import { createRedactor, createReveals, findBehind, type HeadSigner } from '@portreeve/audit';
import type { Clock, ProjectConfig } from '@portreeve/contract';
import { createEgress } from '@portreeve/execute';
import { createEnvironment, createHandoffs } from '@portreeve/gate';
import { reviewSurface, touchedBy, versionWatch } from '@portreeve/govern';
import type { PolicyEngine } from '@portreeve/policy';
import { handoffTopic, type RunQueue } from '@portreeve/run';
import { surfaceOf } from './changes/surface.ts';
import { suspendUnreviewed } from './changes/suspend.ts';
import { egressRules, proxyOf } from './config/egress.ts';
import type { ApiKeys, Keys } from './config/keys.ts';
import type { Project } from './config/project.ts';
import type { Secrets } from './config/secrets.ts';
import { whileUnplaced } from './config/while-unplaced.ts';
import { watchOversight } from './governance/watch-oversight.ts';
import { lookBehind } from './notify/look.ts';
import { createNotifier } from './notify/notifier.ts';
import { notifyingWriter } from './notify/notifying-writer.ts';
import { createPlanting } from './planting.ts';
import { wireReleases } from './releases/wire-releases.ts';
import { stopAgents } from './stop-agent.ts';
import { delegationStore } from './store/approval-delegations.ts';
import { approvalStore } from './store/approvals.ts';
import { auditStore } from './store/audit.ts';
import { changeStore } from './store/changes.ts';
import type { Database } from './store/database.ts';
import { environmentStore, revokeGrantsOf } from './store/environment.ts';
import { handoffStore } from './store/handoffs.ts';
import { keptOfRun } from './store/kept-of-run.ts';
import { leaseStore } from './store/leases.ts';
import { noticeStore } from './store/notices.ts';
import { notificationStore } from './store/notifications.ts';
import { oversightStore } from './store/oversight.ts';
import { passkeyStore } from './store/passkeys.ts';
import { plantedStore } from './store/planted.ts';
import { proposalReader, proposalStore } from './store/proposals.ts';
import { revealStore } from './store/reveals.ts';
import { runStore } from './store/runs.ts';
import { surfaceStore } from './store/surface-agreed.ts';
import { traceWriter } from './telemetry/trace-stages.ts';
import { SPANS, type Tracing } from './telemetry/tracing.ts';
import { wireAudit, wireAuditElsewhere } from './wire-audit.ts';
import { wireErasure } from './wire-erasure.ts';
import { wireIdentity } from './wire-identity.ts';
import type { Sealing } from './wire-keys.ts';

export interface SharedOptions {
  readonly database: Database;
  readonly project: Project;
  readonly policy: PolicyEngine;
  readonly systems: ProjectConfig['systems'];
  /** Those of an api apart, with who signs the logs in its place; or those of a gatekeeper. */
  readonly record:
    | { readonly keys: ApiKeys; readonly heads: ReadonlyMap<string, HeadSigner> }
    | { readonly keys: Keys };
  readonly secrets: Secrets;
  /** False: nobody comes to this process. */
  readonly lets_in?: boolean;
  readonly stateFolder: string;
  /** The name of this process. */
  readonly instance: string;
  readonly sealing: Sealing;
  readonly clock: Clock;
  /** Starts and wakes runs. The engine behind it starts last, when everything that a run needs is there. */
  readonly queue: RunQueue;
  readonly tracing: Tracing;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, error?: unknown) => void;
}

export type Shared = Awaited<ReturnType<typeof wireShared>>;

/** What an api and a gatekeeper both join to their stores: the record, people, approvals, hand-offs and releases. */
export async function wireShared(options: SharedOptions) {
  const { database, project, systems, record, sealing, secrets, clock, queue, log, stateFolder, instance, tracing } =
    options;
  const { config } = project;
  const { keys } = record;

  const redactor = createRedactor({ key: keys.redaction });
  const records = auditStore(database);
  const ofRecord = {
    ...{ database, store: records, config, clock, redactor, sealing },
    projectFolder: project.folder,
    mayWait: whileUnplaced(project.workflows.map(({ definition }) => definition)),
  };
  const led = 'heads' in record ? null : wireAudit({ ...ofRecord, keys: record.keys });
  const audit = 'heads' in record ? wireAuditElsewhere({ ...ofRecord, heads: record.heads }) : led!.audit;
  const erasing = wireErasure({
    ...{ database, audit, words: records, sealing, redactor, retention: config.retention, clock },
  });
  const reveals = createReveals({
    ...{ audit, uow: database, clock, redactor, store: revealStore(database) },
    second_person: config.audit.reveal.second_person,
    find: findBehind({ audit, redactor, kept: keptOfRun(database, sealing) }),
  });
  const { channels } = config.notifications;
  const outbox = notificationStore(database);
  const [changes, surface] = [changeStore(database), surfaceStore(database)];
  const watched = versionWatch({
    ...{ changes, surface, uow: database, clock },
    audit: notifyingWriter({ audit, uow: database, outbox, channels, clock }),
    touched: () => touchedBy(register.contracts()),
  });
  // What happens in these stages may concern people who are not looking.
  const stage = {
    audit: traceWriter(watched, tracing),
    ...{ uow: database, clock },
  };
  const environmentChanges = environmentStore(database);
  const environment = createEnvironment({
    ...stage,
    name: config.environment,
    store: environmentChanges,
    revokeGrants: async (tx, target) => {
      await revokeGrantsOf(database, tx, target);
    },
  });
  const agentHooks = stopAgents({
    database,
    audit: stage.audit,
    clock,
    changes: environmentChanges,
    environment,
    approvals: (): Approvals => approvals,
  });
  const signIn = await wireIdentity({
    ...{ database, audit, clock, secrets, stateFolder, instance, agentHooks },
    // Who only looks people up holds no secret of a client of their provider.
    config: options.lets_in === false ? { ...config, identity: { ...config.identity, oidc: [] } } : config,
  });
  const { identity } = signIn;

  const leases = leaseStore(database);
  const egress = createEgress({ allow: egressRules(systems), proxy: proxyOf(config, secrets) });
  const register = wireReleases({
    ...{ ...stage, logs: audit, database, project, systems, stateFolder, queue, log },
    ...{ changes, surface },
    proposals: proposalReader(database, sealing),
  });
  const { running: workflows } = register;
  const proposals = proposalStore(database, sealing);
  const notices = noticeStore(database);
  const whoIs = async (id: string) => (await identity.subject(id))?.principal ?? null;
  const runs = runStore(database, sealing);
  const handoffs = createHandoffs({
    ...{ ...stage, store: handoffStore(database, sealing), proposals, whoIs },
    releaseOf: async (run) => (await runs.get(run))?.release ?? null,
    procedures: (name) => workflows.current(name)?.definition.contract.procedures ?? {},
    finished: async (tx, { id, run, awaits }) => {
      if (run && awaits) await queue.nudge(tx, run, handoffTopic(id));
    },
  });
  const { base_url } = config.identity;
  const relying_party = { id: new URL(base_url).hostname, origin: base_url };
  const passkeyOptions = { store: passkeyStore(database), relying_party };
  const passkeys = createPasskeys({ ...stage, ...passkeyOptions, signers: identity });
  const standing = { delegations: delegationStore(database, sealing), whoIs };
  const approvalDelegations = createApprovalDelegations({ ...stage, ...standing });
  const planted = plantedStore(database);
  const planting = createPlanting({
    ...{ ...stage, store: planted, config: config.oversight.planted, log },
    contractOf: (name) => workflows.current(name)?.definition.contract ?? null,
    whoIs,
  });
  const approvals = createApprovals({
    ...stage,
    store: approvalStore(database, sealing),
    signers: identity,
    passkeys: passkeyOptions,
    delegations: standing,
    isFrozen: async (id) => {
      await environment.freshen();
      return environment.facts().freezes.includes(`principal:${id}`);
    },
    // Who may decide is reminded; the owners’ way of escalation is told, and may decide no more than before.
    onNudge: async (_tx, { proposal, groups }, kind) => {
      if (kind === 'remind') return groups;
      const workflow = (await proposals.get(proposal))?.workflow.name;
      const owned = workflow === undefined ? null : workflows.current(workflow);
      const escalation = owned?.definition.contract.owners.escalation;
      return escalation === undefined ? groups.slice(0, 1) : [escalation];
    },
    onClosed: async (tx, approval) => {
      const { proposal, id, created_at, state } = approval;
      const run = (await proposals.get(proposal))?.proposal.run ?? null;
      const attributes = { 'portreeve.approval.id': id, 'portreeve.outcome': state };
      tracing.over({ run, proposal }, { name: SPANS.approval, id, from: new Date(created_at), attributes });
      if (run) await queue.nudge(tx, run, `approval:${approval.id}`);
      await planting.closed(tx, approval);
    },
  });
  const notifier = createNotifier({
    ...{ channels, systems, egress, secrets, clock, audit, uow: database, store: outbox },
    look: lookBehind({ approvals, handoffs, proposals, changes }),
    origin: base_url,
  });
  const overseen = watchOversight({
    ...{ audit, writer: stage.audit, oversight: oversightStore(database), clock },
    ...{ workflows: project.workflows, rules: config.oversight.alarms },
  });
  return {
    ...{
      stage,
      database,
      project,
      config,
      systems,
      secrets,
      clock,
      queue,
      tracing,
      log,
      policy: options.policy,
      keys,
      led,
    },
    ...{
      audit,
      redactor,
      sealing,
      erasing,
      reveals,
      environment,
      identity,
      signIn,
      leases,
      egress,
      register,
      workflows,
    },
    ...{
      proposals,
      notices,
      handoffs,
      passkeys,
      approvalDelegations,
      planted,
      planting,
      approvals,
      notifier,
      overseen,
      runs,
    },
    ...{ changes },
    reviewSurface: () =>
      reviewSurface({ ...stage, changes, surface }, surfaceOf(project, register.contracts(), register.active)),
    suspendUnreviewed: () => suspendUnreviewed({ changes, environment, contracts: register.contracts }),
  };
}
