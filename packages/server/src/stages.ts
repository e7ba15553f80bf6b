import { type Approvals, createApprovalDelegations, createApprovals, createPasskeys } from '@portreeve/approve';
import { createRedactor, createReveals, findBehind } from '@portreeve/audit';
import { type Clock, type KeyWrapper, type Principal, type ProjectConfig, resolveSystemUrl } from '@portreeve/contract';
import { createEgress, exchangeToken } from '@portreeve/execute';
import { createEnvironment, createGate, createHandoffs, learnFromPerson, plantingGate } from '@portreeve/gate';
import { reviewSurface, touchedBy, versionWatch } from '@portreeve/govern';
import type { PolicyEngine } from '@portreeve/policy';
import { handoffTopic, type RunQueue, type Task, taskRunner, taskSubmitter } from '@portreeve/run';
import { surfaceOf } from './changes/surface.ts';
import { suspendUnreviewed } from './changes/suspend.ts';
import { egressRules, proxyOf } from './config/egress.ts';
import type { Keys } from './config/keys.ts';
import type { Models } from './config/model.ts';
import type { Project } from './config/project.ts';
import type { Secrets } from './config/secrets.ts';
import { whileUnplaced } from './config/while-unplaced.ts';
import { watchOversight } from './governance/watch-oversight.ts';
import { withExchanges } from './mcp/exchanged-credentials.ts';
import { callFollowers } from './mcp/follow-calls.ts';
import { lookBehind } from './notify/look.ts';
import { createNotifier } from './notify/notifier.ts';
import { notifyingWriter } from './notify/notifying-writer.ts';
import { createPlanting } from './planting.ts';
import type { Rehearsal } from './redteam/rehearsal.ts';
import { wireReleases } from './releases/wire-releases.ts';
import { wireExecution } from './roles/wire-execution.ts';
import { stopAgents } from './stop-agent.ts';
import { delegationStore } from './store/approval-delegations.ts';
import { approvalStore } from './store/approvals.ts';
import { auditStore } from './store/audit.ts';
import { streamStore } from './store/audit-streams.ts';
import { changeStore } from './store/changes.ts';
import type { Database } from './store/database.ts';
import { environmentStore, revokeGrantsOf } from './store/environment.ts';
import { handoffStore } from './store/handoffs.ts';
import { historyStore } from './store/history.ts';
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
import { createStreams } from './streams/streams.ts';
import { traceDecider, traceGate, traceGrants, traceRunner, traceWriter } from './telemetry/trace-stages.ts';
import { createTracing, SPANS, type Tracing } from './telemetry/tracing.ts';
import { wireAudit } from './wire-audit.ts';
import { wireContext } from './wire-context.ts';
import { wireErasure } from './wire-erasure.ts';
import { wireIdentity } from './wire-identity.ts';
import { subjectDeclared, wireKeys } from './wire-keys.ts';
import { wireMcp } from './wire-mcp.ts';
import { wireUndo } from './wire-undo.ts';

/** A token endpoint that takes longer fails the call that needs it. */
const EXCHANGE_TIMEOUT_MS = 10_000;

export interface StagesOptions {
  readonly database: Database;
  readonly project: Project;
  readonly policy: PolicyEngine;
  /** Null: runs are carried out in other processes. */
  readonly models: Models | null;
  readonly systems: ProjectConfig['systems'];
  readonly keys: Keys;
  readonly secrets: Secrets;
  readonly stateFolder: string;
  /** What stands in for sources and tools, where nothing outside may be touched. */
  readonly rehearsal?: Rehearsal | undefined;
  /** Wraps the keys of data subjects by the root key. */
  readonly wrapper: KeyWrapper;
  readonly clock: Clock;
  /** The name of this process, as leases and executions know it. */
  readonly executor: string;
  /** Starts and wakes runs. The engine behind it starts last, when everything that a run needs is there. */
  readonly queue: RunQueue;
  readonly debugpoint: (name: string) => void;
  /** Left out: there are no spans. */
  readonly tracing?: Tracing;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, error?: unknown) => void;
}

/** Joins every stage to its store and to what it needs from outside. Opens nothing by itself but the egress guard. */
export async function wireStages(options: StagesOptions) {
  const { database, project, policy, models, systems, keys, secrets, clock, executor, queue, debugpoint, log } =
    options;
  const { stateFolder, tracing = createTracing({ sink: null, clock }) } = options;
  const { config } = project;

  const redactor = createRedactor({ key: keys.redaction });
  const sealing = wireKeys({
    ...{ database, key: keys.redaction, wrapper: options.wrapper, clock },
    declared: subjectDeclared(project),
  });
  const records = auditStore(database);
  const { audit, publisher, closeEgress } = wireAudit({
    ...{ database, store: records, config, keys, clock, redactor, sealing },
    projectFolder: project.folder,
    mayWait: whileUnplaced(project.workflows.map(({ definition }) => definition)),
  });
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
  const signIn = await wireIdentity({ database, audit, clock, config, secrets, stateFolder, agentHooks });
  const { identity } = signIn;

  const leases = leaseStore(database);
  const egress = createEgress({ allow: egressRules(systems), proxy: proxyOf(config, secrets) });
  const streams = createStreams({
    ...{ systems, egress, secrets, clock, audit },
    streams: config.audit.streams,
    projectFolder: project.folder,
    cursors: streamStore(database, clock),
  });
  const followers = callFollowers();
  const register = wireReleases({
    ...{ ...stage, logs: audit, database, project, systems, stateFolder, queue, log },
    ...{ changes, surface },
    proposals: proposalReader(database, sealing),
  });
  const { running: workflows } = register;
  const credentialStore = withExchanges(secrets.store, {
    ...{ upstreams: config.mcp.upstreams, clock, locate: (url) => resolveSystemUrl(url, systems) },
    whoIs: async (id) => (await identity.subject(id))?.principal ?? null,
    subjectToken: async (who, endpoint) => (await signIn.accessTokens.signSubject(who, endpoint)).token,
    secret: (name) => secrets.read(name),
    exchange: (wish, what) => exchangeToken(egress.fetch, wish, { what, timeout_ms: EXCHANGE_TIMEOUT_MS }),
  });
  const execution = await wireExecution({
    ...{ database, config, keys, egress, systems, clock, leases, debugpoint, tracing },
    audit: traceWriter(audit, tracing),
    secrets: { ...secrets, store: credentialStore },
    folder: project.folder,
    instance: executor,
    follower: followers.find,
    house: register.house,
    rehearsal: options.rehearsal,
  });

  const proposals = proposalStore(database, sealing);
  const notices = noticeStore(database);
  const whoIs = async (id: string) => (await identity.subject(id))?.principal ?? null;
  const handoffs = createHandoffs({
    ...{ ...stage, store: handoffStore(database, sealing), proposals, whoIs },
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
  const history = historyStore(database);
  const untraced = createGate({
    ...stage,
    policy: traceDecider(policy, tracing),
    policyOf: workflows.policyOf,
    approvals: {
      ...approvals,
      request: async (tx, wish) => {
        const approval = await approvals.request(tx, wish);
        await planting.sample(tx, wish.proposal);
        return approval;
      },
    },
    planted,
    handoffs,
    store: proposals,
    history,
    notices,
    environment,
    debugpoint,
    execution: traceGrants(execution.service, tracing),
  });
  const gate = traceGate(untraced, clock, tracing);

  const { undos, unwindings, settleDue } = wireUndo({
    ...stage,
    database,
    sealing,
    gate,
    handoffs,
    proposals,
    queue,
    log,
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
  const learn = learnFromPerson({ ...stage, store: proposals, handoffs, history, execution: execution.service });

  const { context, forgetDue, sweepPseudonyms } = wireContext({
    ...{ database, audit, config, systems, secrets, egress, sealing, clock },
    ...{ folder: project.folder, pseudonyms: keys.pseudonyms, rehearsal: options.rehearsal },
  });
  const runs = runStore(database, sealing);
  const runGate = plantingGate(gate, planting.runs);
  const run = taskRunner({
    ...stage,
    store: runs,
    context,
    endpoints: models?.endpoints ?? [],
    gate: runGate,
    unwindings,
    handoffs,
    policy,
    environment,
    workflows,
    releases: workflows,
    log: (message, error) => log('error', message, error),
  });

  const submit = taskSubmitter({
    ...stage,
    store: runs,
    workflows,
    releases: workflows,
    policy,
    environment,
    queue,
    noShadow: (of, error) => log('error', `the run ${of} has no shadow`, error),
  });
  const agents = wireMcp({
    ...{
      ...stage,
      database,
      config,
      systems,
      keys,
      secrets,
      egress,
      sealing,
      gate,
      approvals,
      followers,
      log,
      changes,
    },
    ...{ toolsets: project.toolsets, folder: project.folder },
  });
  return {
    ...{ register, desk: register.deskOn(gate), changes: register.changesOn(gate) },
    reviewSurface: () =>
      reviewSurface({ ...stage, changes, surface }, surfaceOf(project, register.contracts(), register.active)),
    suspendUnreviewed: () => suspendUnreviewed({ changes, environment, contracts: register.contracts }),
    agents,
    audit,
    publisher,
    closePlaces: closeEgress,
    identity,
    signIn,
    environment,
    leases,
    execution,
    egress,
    streams,
    notifier,
    approvals,
    passkeys,
    approvalDelegations,
    gate,
    runGate,
    undos,
    unwindings,
    learn,
    settleDue,
    plantDue: () => planting.plantDue(submit),
    overseen,
    handoffs,
    notices,
    runs,
    run: traceRunner(run, runs, tracing),
    submit: (task: Task, who: Principal) => submit(task, who, (tx) => planting.admitted(tx, task.workflow)),
    forgetDue,
    sweepPseudonyms,
    sealing,
    erasing,
    reveals,
    redact: (text: string) => redactor.text(text),
  };
}
