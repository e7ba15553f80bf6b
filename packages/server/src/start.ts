import { randomUUID } from 'node:crypto';
import { join, resolve } from 'node:path';
import { type AuditLogs, createRedactor } from '@portreeve/audit';
import {
  type Clock,
  draft,
  isPortreeveError,
  PortreeveError,
  type ProjectConfig,
  SYSTEM_ACTOR,
  systemClock,
} from '@portreeve/contract';
import type { RunQueue } from '@portreeve/run';
import type { FastifyBaseLogger } from 'fastify';
import { admission, currencyOf } from './admission.ts';
import { checkLogs } from './config/audit-logs.ts';
import { auditScopeOf } from './config/audit-scopes.ts';
import { bindEnvironment } from './config/bind-environment.ts';
import { checkSystems } from './config/bind-systems.ts';
import { refuseEnvironmentCredentials } from './config/environment-credentials.ts';
import { loadKeys } from './config/keys.ts';
import { ensureLocalAccounts, type LocalGroups } from './config/local-accounts.ts';
import { configuredEndpoints, type ModelKeys, openModels } from './config/model.ts';
import { checkModelSecrets } from './config/model-secrets.ts';
import { loadPolicies } from './config/policies.ts';
import { loadProject, type Project } from './config/project.ts';
import { recordSecretChanges } from './config/secret-changes.ts';
import { openSecrets } from './config/secrets.ts';
import { takeStateFolder } from './config/state-folder.ts';
import { reachSystems } from './doctor/reach-systems.ts';
import { every } from './every.ts';
import { forgetKept } from './forget-kept.ts';
import { watchDrift } from './governance/drift.ts';
import { watchReadiness } from './governance/readiness.ts';
import { watchThresholds } from './governance/thresholds.ts';
import { hearOutages } from './hear-outages.ts';
import { buildApp } from './http/app.ts';
import { webOrigin } from './http/cookies.ts';
import { figureCounters } from './http/figures/counters.ts';
import { openRootKeys } from './keys/root-keys.ts';
import { assertNotBehind } from './not-behind.ts';
import { plantingNote } from './planting.ts';
import { recordStart } from './record-start.ts';
import { type Rehearsal, rehearsed } from './redteam/rehearsal.ts';
import { inSteps, type Undo } from './roles/in-steps.ts';
import { startRuns } from './roles/start-runs.ts';
import type { Services } from './services.ts';
import { wireStages } from './stages.ts';
import { auditFigures } from './store/audit-figures.ts';
import { Database } from './store/database.ts';
import { EXECUTED_CHANNEL } from './store/dispatches.ts';
import { listenForEnvironment } from './store/environment.ts';
import { evidenceReader } from './store/evidence.ts';
import { listen } from './store/listen.ts';
import { migrate } from './store/migrate.ts';
import { oversightStore } from './store/oversight.ts';
import { startEmbeddedPostgres } from './store/postgres.ts';
import { presentLogs } from './store/present-logs.ts';
import { startPulse } from './store/pulse.ts';
import { RELEASES_CHANNEL } from './store/releases.ts';
import { acceptedRollbacks } from './store/restores.ts';
import { runPressure } from './store/run-pressure.ts';
import { KEYS_CHANNEL } from './store/subject-keys.ts';
import { houseSamples } from './telemetry/house-samples.ts';
import { modelTracer } from './telemetry/model-tracer.ts';
import { openLog } from './telemetry/open-log.ts';
import { metricsPush } from './telemetry/push-metrics.ts';
import { tracePush } from './telemetry/push-traces.ts';
import { createTracing } from './telemetry/tracing.ts';
import { VERSION } from './version.ts';
import { wireBackups } from './wire-backups.ts';
import { wireModelSharing } from './wire-model-sharing.ts';

export interface StartOptions {
  /** Folder with `portreeve.config.ts`. */
  readonly project: string;
  readonly stateFolder: string;
  /** Another PostgreSQL than the embedded one. */
  readonly databaseUrl?: string | undefined;
  readonly host?: string;
  /** 0 takes a free port. */
  readonly port?: number;
  /**
   * Addresses of systems that are known only now; they go before those of the configuration. A function is called once
   * the state folder is held, so that a start that is refused has started nothing.
   */
  readonly systems?: ProjectConfig['systems'] | (() => Promise<ProjectConfig['systems']>);
  /** Keys of model endpoints by the name of the secret that each stands in for; refused in production. */
  readonly modelKeys?: ModelKeys;
  /** The process's environment, looked at for credentials that must not stand there. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** A built console (packages/console), served beside the API; left out: the API alone. */
  readonly consoleFolder?: string | Promise<string> | undefined;
  readonly clock?: Clock;
  /**
   * Whether this process executes as well, or hands grants to executors that run apart (`roles/executor.ts`); those of the
   * configuration are the ones.
   */
  readonly executor?: 'here' | 'apart';
  /** Whether runs are carried out in this process, or by reasoners that run apart (`roles/reasoner.ts`). */
  readonly reasoner?: 'here' | 'apart';
  /** Seconds without a renewal after which another process may take this one's runs over. */
  readonly leaseSeconds?: number;
  /** What stands in for everything outside (`redteam/rehearsal.ts`); the project is then none of production. */
  readonly rehearsal?: Rehearsal;
  /** Named instants where a crash test stops the process. */
  readonly debugpoint?: (name: string) => void;
}

export interface PortreeveServer {
  readonly url: string;
  readonly services: Services;
  /** Stops taking work, then everything in order. Runs that wait go on at the next start. */
  stop(reason: string): Promise<void>;
}

const EXPIRE_EVERY_MS = 5000;
const DETACH_EVERY_MS = 3_600_000;
const STREAM_EVERY_MS = 1000;
const NOTIFY_EVERY_MS = 1000;
const SWEEP_EVERY_MS = 60_000;
const ENVIRONMENT_EVERY_MS = 500;
const SETTLE_EVERY_MS = 1000;
const UPSTREAMS_EVERY_MS = 500;
const KEPT_EVERY_MS = 600_000;
const DRIFT_EVERY_MS = 900_000;
/** Told at once of what another process moves; looked at all the same, should nobody tell. */
const RELEASES_EVERY_MS = 5000;
const OVERSIGHT_EVERY_MS = 300_000;

/** Wires every stage to its adapters and starts all roles in this process. Whatever was started is stopped on an error. */
export function startServer(options: StartOptions): Promise<PortreeveServer> {
  return inSteps((undo, unwind) => start(options, undo, unwind));
}

async function start(options: StartOptions, undo: Undo, unwind: () => Promise<void>): Promise<PortreeveServer> {
  const clock = options.clock ?? systemClock;
  const debugpoint = options.debugpoint ?? (() => undefined);
  const state = await takeStateFolder(options.stateFolder);
  undo.push(() => state.release());
  const { logger, log, redactWith } = openLog(state.path);

  const project = rehearsed(await loadProject(options.project), options.rehearsal);
  const { config } = project;
  refuseEnvironmentCredentials(options.env ?? process.env, config.environment);
  const policy = loadPolicies(project, clock, (report) =>
    log('error', 'the compiled policy and the official engine disagree; the request was refused', report),
  );
  const given = typeof options.systems === 'function' ? await options.systems() : options.systems;
  const systems = { ...config.systems, ...given };
  if (options.executor === 'apart' && Object.keys(config.executors).length === 0)
    throw new PortreeveError('misconfigured', 'No executor is configured, and none runs in this process.', {
      next: "Add what `portreeve keys executor` prints on the executor to portreeve.config.ts: executors: { main: { jkt: '…' } }",
    });
  const keys = await loadKeys(state.path, options.executor);
  redactWith(createRedactor({ key: keys.redaction }).text);
  const secrets = openSecrets({ config, projectFolder: project.folder, stateFolder: state.path, clock });
  undo.push(() => secrets.close());

  let databaseUrl = options.databaseUrl;
  if (!databaseUrl) {
    const postgres = await startEmbeddedPostgres({ folder: join(state.path, 'postgres') });
    undo.push(() => postgres.stop());
    databaseUrl = postgres.url;
  }
  const database = new Database(databaseUrl);
  undo.push(() => database.close());
  const pulse = startPulse(databaseUrl);
  undo.push(() => pulse.stop());
  const { roles, schema } = await migrate(database.pool);
  await bindEnvironment({ stateFolder: state.path, pool: database.pool, environment: config.environment });

  const executor = `${process.pid}-${randomUUID()}`;
  const about = { version: VERSION, environment: config.environment, instance: executor };
  const spans = tracePush({ config: config.telemetry.traces, clock, about });
  const tracing = createTracing({ sink: spans.sink, clock });
  const shared = wireModelSharing({ database, databaseUrl, config, clock, executor, log });
  undo.push(() => shared.stop());
  let hear = (_endpoint: string, _state: 'answers' | 'silent'): void => undefined;
  const models =
    options.reasoner === 'apart'
      ? null
      : await openModels({
          ...{ config, secrets, clock, shared, keys: options.modelKeys ?? {}, tracer: modelTracer(tracing) },
          at: (path) => resolve(project.folder, path),
          health: (endpoint, state) => hear(endpoint, state),
        });
  undo.push(async () => models?.close());

  for (const { definition } of project.workflows) {
    checkSystems(definition, systems);
    checkModelSecrets(config.models, definition);
  }
  for (const { tools } of project.toolsets) checkSystems({ tools, sources: [] }, systems);
  let engine: RunQueue | null = null;
  const running = () => {
    if (!engine) throw new PortreeveError('unavailable', 'Portreeve is still starting.');
    return engine;
  };
  const wrapper = openRootKeys({
    ...{ config: config.root_keys, projectFolder: project.folder, stateFolder: state.path, clock },
  });
  undo.push(() => wrapper.close());
  const stages = await wireStages({
    ...{ database, project, policy, models, systems, keys, secrets, clock, executor, debugpoint, log, tracing },
    stateFolder: state.path,
    rehearsal: options.rehearsal,
    wrapper,
    queue: {
      enqueue: (tx, run) => running().enqueue(tx, run),
      nudge: (tx, run, topic) => running().nudge(tx, run, topic),
    },
  });
  const { audit, publisher, identity, signIn, leases, egress, approvals, execution } = stages;
  undo.push(() => egress.close());
  spans.open({ systems, egress, secrets });
  undo.push(() => spans.close());
  undo.push(() => stages.closePlaces());
  undo.push(() => stages.agents.close());
  undo.push(() => stages.streams.close());
  undo.push(async () => stages.notifier.close());
  undo.push(() => signIn.close());
  undo.push(() => execution.idle());
  await checkLogs(config, namesOf(project), presentLogs(database));
  const accepted = await acceptedRollbacks(database);
  // Before the first record: what lies outside a partition of its log keeps the log from ever having any.
  await audit.prepare();
  // Before anything is recorded on a database that may be an older one than the world has seen.
  await assertNotBehind(publisher, state.path, accepted);
  // Told at once of what another process freezes; looked at all the same, should nobody tell.
  const { environment } = stages;
  await environment.refresh();
  hear = hearOutages(environment, log);
  const erased = listen(databaseUrl, {
    ...{ channel: KEYS_CHANNEL, name: 'portreeve-keys' },
    heard: () => stages.sealing.ring.forget(),
  });
  undo.push(() => erased.stop());
  const listener = listenForEnvironment(databaseUrl, () => void environment.refresh().catch(() => undefined));
  undo.push(() => listener.stop());
  if (options.executor === 'apart') {
    const executed = listen(databaseUrl, {
      ...{ channel: EXECUTED_CHANNEL, name: 'portreeve-gatekeeper' },
      heard: execution.heard,
    });
    undo.push(() => executed.stop());
  }
  undo.push(every(ENVIRONMENT_EVERY_MS, () => environment.refresh(), log));
  const { running: released } = stages.register;
  const lookAtReleases = () =>
    released.refresh().catch((error: unknown) => log('error', 'releases are not known', error));
  const moved = listen(databaseUrl, {
    ...{ channel: RELEASES_CHANNEL, name: 'portreeve-releases' },
    heard: () => void lookAtReleases(),
  });
  undo.push(() => moved.stop());

  await leases.renew(executor, 60);
  // The folder is ours alone, and with the embedded database so is all that stands in it: nobody else can be alive.
  if (!options.databaseUrl) await leases.releaseOthers(executor);
  const groups = groupsOf(project.workflows);
  if (config.environment !== 'production') await ensureLocalAccounts(identity, state.path, groups);
  else if (config.identity.local_accounts === 'allow')
    await ensureLocalAccounts(identity, state.path, groups, ['admin']);

  // Another key than the one that signed this log before would fork it: found now, and not at the first receipt.
  await audit.checkpoint().catch((error: unknown) => {
    if (!isPortreeveError(error, 'log_broken')) throw error;
    throw new PortreeveError('log_broken', error.detail, {
      next: `Either the log was changed, or the keys in ${join(state.path, 'keys')} are not those that signed it: use the state folder that belongs to this database.`,
      cause: error,
    });
  });
  // A database without any checkpoint had nothing to show before.
  await assertNotBehind(publisher, state.path, accepted);
  const info = {
    version: VERSION,
    environment: config.environment,
    local_accounts: config.environment !== 'production' || config.identity.local_accounts === 'allow',
    database_roles: roles,
    executor: options.executor ?? 'here',
    active_releases: stages.register.active,
    currency: currencyOf(config),
    endpoints: (models?.endpoints ?? configuredEndpoints(config)).map(
      ({ name, model, where, clearance, simulated }) => ({ ...{ name, model, where, clearance, simulated } }),
    ),
  };
  await recordStart({ audit, keys, policy, workflows: project.workflows, info, config, schema });
  await stages.register.registerLoaded();
  await released.refresh();
  await stages.reviewSurface();
  await signIn.tidy();
  await stages.erasing.settleReturned();
  await recordSecretChanges({ stateFolder: state.path, uow: database, audit });
  const { passkeys, approvalDelegations, handoffs, notices, gate, runs, submit, undos, unwindings, learn } = stages;
  const figures = auditFigures(
    database,
    audit.all.map(({ log: { origin } }) => origin),
  );
  const logs = await Promise.all(audit.all.map(async ({ log }) => ({ log, from: await log.size() })));
  const now = houseSamples({ database, clock, environment: () => environment.facts(), spans });
  const counters = figureCounters({ figures, logs, now });
  const { metrics, traces } = config.telemetry;
  const push = metricsPush({
    ...{ config: metrics, systems, egress, secrets, counters, clock, about },
  });
  undo.push(async () => push.close());
  const thresholds = watchThresholds({
    ...{ audit, environment, clock, pilots: stages.register },
    workflows: () => released.list(),
  });
  const drift = watchDrift({ audit, workflows: () => released.list() });
  const readiness = watchReadiness({
    ...{ project, systems, audit, identity, clock, log },
    ...{ engine: policy, stateFolder: state.path },
    workflows: () => released.list(),
    attached: stages.register.releases.attached,
    unreviewed: stages.changes.unreviewed,
  });
  const admit = admission({ config, runs: runPressure(database), budgets: shared.budgets, clock });
  const services: Services = {
    ...{
      clock,
      database,
      pulse,
      identity,
      accessTokens: signIn.accessTokens,
      oidcByName: signIn.oidcByName,
      policy,
      environment,
      audit,
      erasing: stages.erasing,
      backups: wireBackups({
        database,
        audit,
        keys,
        config,
        clock,
        stateFolder: state.path,
        projectFolder: project.folder,
      }),
      approvals,
      passkeys,
      approvalDelegations,
      oversight: oversightStore(database),
      stamping: config.oversight.alarms,
      plantingNote: plantingNote(config.oversight.planted),
      handoffs,
      learn,
      spending: shared.budgets,
      undos,
      unwindings,
      notices,
      gate,
      runs,
      submit: async (task, principal) => {
        const loaded = released.current(task.workflow);
        if (loaded) {
          await readiness.assertReady(task.workflow);
          await admit(loaded.definition.contract, principal);
        }
        return submit(task, principal);
      },
      info,
    },
    figures,
    counters,
    metricsPush: () => push.state(),
    tracePush: () => spans.state(),
    tracing,
    drift,
    thresholds,
    readiness,
    reveals: stages.reveals,
    redact: stages.redact,
    auditScope: auditScopeOf(config.audit.scopes),
    notifier: stages.notifier,
    streams: () => stages.streams.states(),
    releases: stages.register.releases,
    pilots: stages.register.pilots,
    desk: stages.desk,
    changes: stages.changes,
    releaseChanges: stages.register.compared,
    get workflows() {
      return released.list();
    },
    outside: stages.agents.outside,
    mcp: stages.agents.services,
    evidence: evidenceReader(database, stages.sealing),
    web: webOrigin(config.identity.base_url),
    places: () => publisher.status(),
    reach: reachSystems(systems, egress),
    public_tiles: config.audit.public_tiles,
    jwks: async () => ({ keys: [...execution.jwks().keys, ...signIn.accessTokens.jwks().keys] }),
    debugpoint,
  };
  const app = await buildApp(services, logger as unknown as FastifyBaseLogger, {
    consoleFolder: await options.consoleFolder,
    trustedProxies: config.identity.trusted_proxies,
  });
  undo.push(() => app.close());
  const url = await app
    .listen({ host: options.host ?? '127.0.0.1', port: options.port ?? 7410 })
    .catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') throw error;
      throw new PortreeveError('already_running', `Something else listens on port ${options.port ?? 7410}.`, {
        next: 'Stop it, or choose another port with --port.',
        cause: error,
      });
    });

  const carried = await startRuns({
    ...{ database, databaseUrl, instance: executor, leases, log, leaseSeconds: options.leaseSeconds },
    ...{ audit, run: stages.run, runs, sealing: stages.sealing, releases: released, unwindings, gate: stages.runGate },
    apart: options.reasoner === 'apart',
  });
  undo.push(() => carried.stop());
  engine = carried.queue;
  await carried.begin();
  const contracts = project.workflows.map(({ definition }) => definition.contract);
  const timers = [
    every(EXPIRE_EVERY_MS, () => approvals.expireDue(), log),
    every(EXPIRE_EVERY_MS, () => approvals.nudgeDue(), log),
    every(EXPIRE_EVERY_MS, () => handoffs.escalateDue(), log),
    every(SWEEP_EVERY_MS, () => signIn.tidy(), log),
    every(EXPIRE_EVERY_MS, () => execution.tidy(), log),
    every(EXPIRE_EVERY_MS, () => recordSecretChanges({ stateFolder: state.path, uow: database, audit }), log),
    every(EXPIRE_EVERY_MS, () => stages.forgetDue(), log),
    every(SETTLE_EVERY_MS, () => stages.settleDue(), log),
    every(SETTLE_EVERY_MS, () => stages.desk.settleDue(), log),
    every(SETTLE_EVERY_MS, () => stages.changes.settleDue(), log),
    every(EXPIRE_EVERY_MS, () => stages.suspendUnreviewed(), log),
    every(RELEASES_EVERY_MS, () => released.refresh(), log),
    every(EXPIRE_EVERY_MS, () => stages.plantDue(), log),
    every(SWEEP_EVERY_MS, () => shared.budgets.settleLost(), log),
    every(SWEEP_EVERY_MS, () => identity.reviewDue(), log),
    every(SWEEP_EVERY_MS, () => passkeys.forgetOld(), log),
    every(SWEEP_EVERY_MS, () => stages.gate.forgetHistory(), log),
    every(SWEEP_EVERY_MS, () => stages.sweepPseudonyms(), log),
    every(KEPT_EVERY_MS, () => forgetKept({ database, audit, contracts, clock }), log),
    every(SWEEP_EVERY_MS, () => stages.erasing.expire(), log),
    every(SWEEP_EVERY_MS, () => stages.erasing.root.resume(), log),
    // Also when nothing happened: a period without events is visible as such.
    every(config.audit.checkpoint_every_s * 1000, () => audit.checkpoint().then(() => publisher.publish()), log),
    every(SWEEP_EVERY_MS, () => audit.prepare(), log),
    every(DETACH_EVERY_MS, () => detachOld(audit, config.audit.online_days, clock), log),
    every(STREAM_EVERY_MS, () => stages.streams.deliver(), log),
    every(NOTIFY_EVERY_MS, () => stages.notifier.deliver(), log),
    every(SWEEP_EVERY_MS, () => stages.notifier.forgetOld(), log),
    ...(metrics ? [every(metrics.every_s * 1000, () => push.push(), log)] : []),
    ...(traces ? [every(traces.every_s * 1000, () => spans.push(), log)] : []),
    every(DRIFT_EVERY_MS, () => drift.look(), log),
    every(SWEEP_EVERY_MS, () => thresholds.look(), log),
    every(SWEEP_EVERY_MS, () => stages.register.pilots.look(), log),
    every(OVERSIGHT_EVERY_MS, () => stages.overseen.look(), log),
    every(UPSTREAMS_EVERY_MS, () => stages.agents.services.gateway.refreshDue(), log),
  ];
  undo.push(async () => {
    await Promise.all(timers.map((stop) => stop()));
  });
  await state.announce(url);

  let stopping: Promise<void> | null = null;
  const stop = async (reason: string): Promise<void> => {
    await database
      .transaction((tx) => audit.append(tx, [draft({ type: 'system.stopped', actor: SYSTEM_ACTOR, data: { reason } })]))
      .then(() => audit.checkpoint())
      .then(() => publisher.publish())
      .catch((error: unknown) => log('error', 'the stop could not be recorded', error));
    await unwind();
  };
  return {
    url,
    services,
    // Once: the folder and the database may be another server's by the second call.
    stop: (reason) => {
      stopping ??= stop(reason);
      return stopping;
    },
  };
}

/** What a log can be for: to policy and on record, a set of tools for agents outside is what a workflow is. */
function namesOf({ workflows, config: { mcp } }: Project): string[] {
  const own = workflows.map(({ definition }) => definition.contract.name);
  return [...own, ...[...mcp.toolsets, ...mcp.upstreams].map(({ name }) => name)];
}

/** Who approves, and whose work hand-offs are. */
function groupsOf(workflows: Project['workflows']): LocalGroups {
  const contracts = workflows.map(({ definition }) => definition.contract);
  const procedures = contracts.flatMap((each) => Object.values(each.procedures));
  return {
    approve: [...new Set(contracts.flatMap((each) => each.approvers))],
    work: [
      ...new Set(
        procedures.flatMap(({ group, escalate_to }) => [group, escalate_to].filter((each) => each !== undefined)),
      ),
    ],
  };
}

/** Takes what is older than the configured days out of the log. */
async function detachOld(audit: AuditLogs, days: number | undefined, clock: Clock): Promise<void> {
  if (days !== undefined) await audit.detach(new Date(clock.now().getTime() - days * 86_400_000));
}
