import { randomUUID } from 'node:crypto';
import { join, resolve } from 'node:path';
import { createAuditWriter, createRedactor } from '@portreeve/audit/writer';
import {
  activeReleases,
  type Clock,
  draft,
  PortreeveError,
  type ProjectConfig,
  SYSTEM_ACTOR,
  systemClock,
} from '@portreeve/contract';
import { createEgress } from '@portreeve/execute';
import { createEnvironment, createHandoffs } from '@portreeve/gate';
import { touchedBy, versionWatch } from '@portreeve/govern';
import { type RunQueue, taskRunner } from '@portreeve/run';
import { routesOf } from '../config/audit-logs.ts';
import { bindEnvironment } from '../config/bind-environment.ts';
import { checkSystems } from '../config/bind-systems.ts';
import { egressRules, proxyOf } from '../config/egress.ts';
import { refuseEnvironmentCredentials } from '../config/environment-credentials.ts';
import { configInForce, runBy } from '../config/in-force.ts';
import { loadReasonerKeys, publicKeysByName } from '../config/keys.ts';
import { configuredEndpoints, type ModelKeys, openModels } from '../config/model.ts';
import { loadPolicies } from '../config/policies.ts';
import { loadProject } from '../config/project.ts';
import { recordSecretChanges } from '../config/secret-changes.ts';
import { openSecrets } from '../config/secrets.ts';
import { takeStateFolder } from '../config/state-folder.ts';
import { every } from '../every.ts';
import { hearOutages } from '../hear-outages.ts';
import { openRootKeys } from '../keys/root-keys.ts';
import { notifyingWriter } from '../notify/notifying-writer.ts';
import { loadRelease } from '../releases/load-release.ts';
import { runningReleases } from '../releases/running.ts';
import { wakeRuns } from '../releases/wake-runs.ts';
import { auditStage } from '../store/audit-stage.ts';
import { changeStore } from '../store/changes.ts';
import { Database } from '../store/database.ts';
import { environmentStore, listenForEnvironment } from '../store/environment.ts';
import { ANSWERED_CHANNEL, askStore } from '../store/gate-asks.ts';
import { handoffStore } from '../store/handoffs.ts';
import { leaseStore } from '../store/leases.ts';
import { listen } from '../store/listen.ts';
import { assertMigrated } from '../store/migrate.ts';
import { notificationStore } from '../store/notifications.ts';
import { pilotStore } from '../store/pilots.ts';
import { proposalStore } from '../store/proposals.ts';
import { RELEASES_CHANNEL, releaseStore } from '../store/releases.ts';
import { runStore } from '../store/runs.ts';
import { KEYS_CHANNEL } from '../store/subject-keys.ts';
import { surfaceStore } from '../store/surface-agreed.ts';
import { unwindingStore } from '../store/undos.ts';
import { type LogPlace, logDestination } from '../telemetry/log-destination.ts';
import { openLog } from '../telemetry/open-log.ts';
import { timersOfEach, timersOfRuns } from '../timers.ts';
import { VERSION } from '../version.ts';
import { wireContext } from '../wire-context.ts';
import { subjectDeclared, wireKeys } from '../wire-keys.ts';
import { wireModelSharing } from '../wire-model-sharing.ts';
import { askGate } from './ask-gate.ts';
import { assertRole } from './assert-role.ts';
import { inSteps, type Undo } from './in-steps.ts';
import { startEngineHere } from './start-runs.ts';

export interface ReasonerProcessOptions {
  /** Folder with `portreeve.config.ts`: the same release that the other roles have. */
  readonly project: string;
  /** The reasoner's own, which no other role uses: with the embedded keystore, its model credentials. */
  readonly stateFolder: string;
  /** Default: `file`. */
  readonly log?: LogPlace;
  readonly databaseUrl: string;
  /** Addresses of systems that are known only now; they go before those of the configuration. */
  readonly systems?: ProjectConfig['systems'];
  /** Keys of model endpoints by the name of the secret that each stands in for; refused in production. */
  readonly modelKeys?: ModelKeys;
  /** The process's environment, looked at for credentials that must not stand there. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  /** Seconds without a renewal after which another reasoner takes its runs over. */
  readonly leaseSeconds?: number;
}

export interface ReasonerProcess {
  /** Its name, as leases and the engine know it. */
  readonly instance: string;
  readonly environment: ProjectConfig['environment'];
  /** Lets go of its runs, which go on in another reasoner, then ends everything in order. */
  stop(): Promise<void>;
}

/**
 * The process that carries runs and talks to models, and nothing else (design, section 7; requirement J2). It reads sources,
 * asks models and wishes for actions. It holds no credential of a tool and no key that signs: what it wishes it asks of the
 * gate in another process, and its database user can write neither a decision nor an approval nor a grant.
 */
export function startReasoner(options: ReasonerProcessOptions): Promise<ReasonerProcess> {
  return inSteps(async (undo, stop) => ({ ...(await start(options, undo)), stop }));
}

async function start(options: ReasonerProcessOptions, undo: Undo): Promise<Omit<ReasonerProcess, 'stop'>> {
  const { clock = systemClock, databaseUrl, leaseSeconds } = options;
  const state = await takeStateFolder(options.stateFolder);
  undo.push(() => state.release());
  const { log, redactWith } = openLog(logDestination(options.log ?? 'file', state.path));
  const project = await loadProject(options.project);
  const { config, folder } = project;
  refuseEnvironmentCredentials(options.env ?? process.env, config.environment);
  const policy = loadPolicies(project, clock, (report) =>
    log('error', 'the compiled policy and the official engine disagree; the request was refused', report),
  );
  const systems = { ...config.systems, ...options.systems };
  for (const { definition } of project.workflows) checkSystems(definition, systems);
  const keys = await loadReasonerKeys(state.path);
  const redactor = createRedactor({ key: keys.redaction });
  redactWith(redactor.text);

  const database = new Database(databaseUrl);
  undo.push(() => database.close());
  await assertMigrated(database.pool);
  await assertRole('reasoner', database, config.environment, (message) => log('warn', message));
  await bindEnvironment({ stateFolder: state.path, pool: database.pool, environment: config.environment });

  const instance = `reasoner/${randomUUID()}`;
  const secrets = openSecrets({ config, projectFolder: folder, stateFolder: state.path, clock });
  undo.push(() => secrets.close());
  const shared = wireModelSharing({ database, databaseUrl, config, clock, executor: instance, log });
  undo.push(() => shared.stop());
  let hear: ReturnType<typeof hearOutages> = () => undefined;
  const models = await openModels({
    ...{ config, secrets, clock, shared, keys: options.modelKeys ?? {}, stand_in: false },
    at: (path) => resolve(folder, path),
    health: (endpoint, answer) => hear(endpoint, answer),
  });
  undo.push(() => models.close());
  const wrapper = openRootKeys({
    ...{ config: config.root_keys, projectFolder: folder, stateFolder: state.path, clock },
  });
  undo.push(() => wrapper.close());
  const declared = subjectDeclared(project);
  const sealing = wireKeys({ database, key: keys.redaction, wrapper, clock, declared });
  const audit = createAuditWriter({
    store: auditStage(database),
    uow: database,
    redactor,
    keys: sealing,
    routes: routesOf(config),
    clock,
  });
  const outbox = notificationStore(database);
  const { channels } = config.notifications;
  const stage = {
    audit: versionWatch({
      ...{ changes: changeStore(database), surface: surfaceStore(database), uow: database, clock },
      audit: notifyingWriter({ audit, uow: database, outbox, channels, clock }),
      touched: () => touchedBy(project.workflows.map(({ definition }) => definition.contract)),
    }),
    ...{ uow: database, clock },
  };
  const environment = createEnvironment({
    ...stage,
    name: config.environment,
    store: environmentStore(database),
    revokeGrants: () => Promise.reject(new TypeError('nothing is frozen by who carries runs')),
  });
  await environment.refresh();
  hear = hearOutages(environment, log);
  const egress = createEgress({ allow: egressRules(systems), proxy: proxyOf(config, secrets) });
  undo.push(() => egress.close());
  const { context, forgetDue, sweepPseudonyms } = wireContext({
    ...{ database, audit, config, systems, secrets, egress, sealing, clock, folder },
    pseudonyms: keys.pseudonyms,
  });

  let queue: RunQueue | null = null;
  const carried = (): RunQueue => {
    if (!queue) throw new PortreeveError('unavailable', 'The reasoner is still starting.');
    return queue;
  };
  const releases = runningReleases({
    ...{ active: activeReleases(config), folder: project.workflows, store: releaseStore(database), log },
    pilots: pilotStore(database),
    load: (bundle, release) =>
      loadRelease(bundle, release, {
        ...{ project, keys: publicKeysByName(config.releases.keys), systems, clock },
        root: join(state.path, 'releases'),
        onDisagreement: (report) => log('error', 'the compiled policy and the official engine disagree', report),
      }),
    onBarred: (release) => wakeRuns({ database, uow: database, queue: { nudge: carried().nudge } })(release),
  });
  await releases.refresh();
  const proposals = proposalStore(database, sealing);
  const runs = runStore(database, sealing);
  const handoffs = createHandoffs({
    ...{ ...stage, proposals, store: handoffStore(database, sealing) },
    procedures: (name) => releases.current(name)?.definition.contract.procedures ?? {},
    // Who may have the work, and its end, are the API's to say.
    releaseOf: async (run) => (await runs.get(run))?.release ?? null,
    whoIs: async () => null,
    finished: async () => undefined,
  });
  const asked = askGate({
    ...{ asks: askStore(database, sealing), proposals },
    unwindings: unwindingStore(database, sealing),
  });
  const run = taskRunner({
    ...{ ...stage, context, handoffs, policy, environment, releases },
    ...{ store: runs, endpoints: models.endpoints, workflows: releases },
    ...{ gate: asked.gate, unwindings: asked.unwindings },
    log: (message, error) => log('error', message, error),
  });

  const in_force = configInForce(config);
  const endpoints = configuredEndpoints(config);
  await audit.record([
    draft({
      type: 'reasoner.started',
      actor: SYSTEM_ACTOR,
      data: { reasoner: instance, version: VERSION, by: runBy(), endpoints, in_force: { ...in_force } },
    }),
  ]);
  undo.push(() =>
    audit.record([draft({ type: 'reasoner.stopped', actor: SYSTEM_ACTOR, data: { reasoner: instance } })]),
  );
  const recordSecrets = () => recordSecretChanges({ stateFolder: state.path, uow: database, audit });
  await recordSecrets();

  const listeners = [
    listen(databaseUrl, { channel: ANSWERED_CHANNEL, name: 'portreeve-asks', heard: asked.heard }),
    listen(databaseUrl, { channel: KEYS_CHANNEL, name: 'portreeve-keys', heard: () => sealing.ring.forget() }),
    listen(databaseUrl, {
      ...{ channel: RELEASES_CHANNEL, name: 'portreeve-releases' },
      heard: () => void releases.refresh().catch((error: unknown) => log('error', 'releases are not known', error)),
    }),
    listenForEnvironment(databaseUrl, () => void environment.refresh().catch(() => undefined)),
  ];
  undo.push(() => Promise.all(listeners.map((listener) => listener.stop())));
  const started = await startEngineHere({
    ...{ database, databaseUrl, instance, audit, run, log, leaseSeconds },
    ...{ leases: leaseStore(database), prepared: true, releases, runsAtOnce: config.admission.runs_at_once },
  });
  undo.push(() => started.stop());
  queue = started.queue;
  await started.begin();
  const contracts = project.workflows.map(({ definition }) => definition.contract);
  const timers = [
    ...timersOfEach({ environment, releases, recordSecrets }),
    ...timersOfRuns({ database, audit, clock, forgetDue, sweepPseudonyms, contracts, budgets: shared.budgets }),
  ].map(([ms, task]) => every(ms, task, log));
  undo.push(async () => {
    await Promise.all(timers.map((stop) => stop()));
  });
  return { instance, environment: config.environment };
}
