import { resolve } from 'node:path';
import { draft, PortreeveError, SYSTEM_ACTOR } from '@portreeve/contract';
import type { FastifyBaseLogger } from 'fastify';
import { admission, currencyOf } from './admission.ts';
import { auditScopeOf } from './config/audit-scopes.ts';
import { type ApiKeys, type Keys, loadApiKeys, loadKeys } from './config/keys.ts';
import { ensureLocalAccounts, type LocalGroups } from './config/local-accounts.ts';
import { configuredEndpoints, type ModelKeys, openModels } from './config/model.ts';
import type { Project } from './config/project.ts';
import { recordSecretChanges } from './config/secret-changes.ts';
import {
  allowsLocalAccounts,
  LET_SOMEBODY_IN,
  makesLocalAccounts,
  NOBODY_SIGNS_IN,
  nobodySignsIn,
} from './config/who-signs-in.ts';
import { reachSystems } from './doctor/reach-systems.ts';
import { every } from './every.ts';
import { watchDrift } from './governance/drift.ts';
import { watchReadiness } from './governance/readiness.ts';
import { watchThresholds } from './governance/thresholds.ts';
import { hearOutages } from './hear-outages.ts';
import { buildApp } from './http/app.ts';
import { webOrigin } from './http/cookies.ts';
import { figureCounters } from './http/figures/counters.ts';
import { keepRecord } from './keep-record.ts';
import { type HouseOptions, hearOthers, openHouse, shownEndpoints } from './open-house.ts';
import { plantingNote } from './planting.ts';
import { recordStart } from './record-start.ts';
import { inSteps, type Undo } from './roles/in-steps.ts';
import { reachGatekeeper } from './roles/reach-gatekeeper.ts';
import { startQueueHere, startRuns } from './roles/start-runs.ts';
import type { Services } from './services.ts';
import { wireLetIn } from './stages.ts';
import { auditFigures } from './store/audit-figures.ts';
import { EXECUTED_CHANNEL } from './store/dispatches.ts';
import { evidenceReader } from './store/evidence.ts';
import { listen } from './store/listen.ts';
import { oversightStore } from './store/oversight.ts';
import { startPulse } from './store/pulse.ts';
import { runPressure } from './store/run-pressure.ts';
import { houseSamples } from './telemetry/house-samples.ts';
import { modelTracer } from './telemetry/model-tracer.ts';
import { metricsPush } from './telemetry/push-metrics.ts';
import { timersOfApi, timersOfEach, timersOfGatekeeper, timersOfRuns } from './timers.ts';
import { VERSION } from './version.ts';
import { createWhatIf } from './what-if/what-if.ts';
import { wireAskedGate } from './wire-asked-gate.ts';
import { backupsElsewhere, wireBackups } from './wire-backups.ts';
import { wireGate } from './wire-gate.ts';
import { sealingOf } from './wire-keys.ts';
import { wireModelSharing } from './wire-model-sharing.ts';
import { wireShared } from './wire-shared.ts';

export interface StartOptions extends HouseOptions {
  readonly host?: string;
  /** 0 takes a free port. */
  readonly port?: number;
  /** Keys of model endpoints by the name of the secret that each stands in for; refused in production. */
  readonly modelKeys?: ModelKeys;
  /** A built console (packages/console), served beside the API; left out: the API alone. */
  readonly consoleFolder?: string | Promise<string> | undefined;
  /**
   * Whether the gate is in this process, or in gatekeepers that run apart (`roles/gatekeeper.ts`): then executors and
   * reasoners do, too.
   */
  readonly gatekeeper?: 'here' | 'apart';
  /**
   * Whether this process executes as well, or hands grants to executors that run apart (`roles/executor.ts`); those of the
   * configuration are the ones.
   */
  readonly executor?: 'here' | 'apart';
  /** Whether runs are carried out in this process, or by reasoners that run apart (`roles/reasoner.ts`). */
  readonly reasoner?: 'here' | 'apart';
  /** Seconds without a renewal after which another process may take this one's runs over. */
  readonly leaseSeconds?: number;
  /** Named instants where a crash test stops the process. */
  readonly debugpoint?: (name: string) => void;
}

export interface PortreeveServer {
  readonly url: string;
  readonly services: Services;
  /** Stops taking work, then everything in order. Runs that wait go on at the next start. */
  stop(reason: string): Promise<void>;
}

/** Wires every stage to its adapters and starts all roles in this process. Whatever was started is stopped on an error. */
export function startServer(options: StartOptions): Promise<PortreeveServer> {
  return inSteps((undo, unwind) => start(options, undo, unwind));
}

const apartKeys = (folder: string): Promise<Keys | ApiKeys> => loadApiKeys(folder);

async function start(options: StartOptions, undo: Undo, unwind: () => Promise<void>): Promise<PortreeveServer> {
  const debugpoint = options.debugpoint ?? (() => undefined);
  const apart = options.gatekeeper === 'apart';
  const at = apart ? ('apart' as const) : (options.executor ?? 'here');
  const reasoner = apart ? ('apart' as const) : (options.reasoner ?? 'here');
  const house = await openHouse(
    options,
    {
      role: apart ? 'api' : null,
      check({ executors, grant_keys }) {
        if (!apart && at === 'apart' && Object.keys(executors).length === 0)
          throw new PortreeveError('misconfigured', 'No executor is configured, and none runs in this process.', {
            next: "Add what `portreeve keys executor` prints on the executor to portreeve.config.ts: executors: { main: { jkt: '…' } }",
          });
        if (apart && grant_keys.length === 0)
          throw new PortreeveError('misconfigured', 'The configuration does not say whose grants are published.', {
            next: "Add what `portreeve keys grant` prints on the gatekeeper to portreeve.config.ts: grant_keys: ['…']",
          });
      },
      loadKeys: (folder) => (apart ? apartKeys(folder) : loadKeys(folder, at)),
    },
    undo,
  );
  const { clock, config, database, databaseUrl, instance, keys, log, policy, project, secrets, spans } = house;
  const { state, systems, tracing } = house;
  const pulse = startPulse(databaseUrl);
  undo.push(() => pulse.stop());
  const sharing = wireModelSharing({ database, databaseUrl, config, clock, executor: instance, log });
  undo.push(() => sharing.stop());
  let hear = (_endpoint: string, _state: 'answers' | 'silent'): void => undefined;
  const models =
    reasoner === 'apart'
      ? null
      : await openModels({
          ...{ config, secrets, clock, shared: sharing, keys: options.modelKeys ?? {}, tracer: modelTracer(tracing) },
          at: (path) => resolve(project.folder, path),
          health: (endpoint, state) => hear(endpoint, state),
        });
  undo.push(async () => models?.close());

  const sealing = sealingOf(house);
  const asked = apart ? await reachGatekeeper(house, sealing, undo) : null;
  const signing = 'grant' in keys ? keys : null;
  const shared = await wireShared({
    ...{ ...house, sealing, stateFolder: state.path },
    record: signing ? { keys: signing } : { keys, heads: asked!.heads },
  });
  const { approvals, audit, egress, environment, identity, leases, notifier, register, runs, signIn } = shared;
  const kept = signing
    ? await wireGate(shared, {
        ...{ keys: signing, models, executor: instance, debugpoint },
        rehearsal: options.rehearsal,
      })
    : null;
  const faces = kept?.faces ?? wireAskedGate(shared, asked!.gatekeeper);
  const letIn = wireLetIn(shared, faces, {
    executor: signing?.executor ?? null,
    ...(kept ? { followers: kept.followers } : {}),
  });
  undo.push(() => egress.close());
  spans.open({ systems, egress, secrets });
  undo.push(() => spans.close());
  if (kept) undo.push(() => kept.closePlaces());
  undo.push(() => letIn.agents.close());
  if (kept) undo.push(() => kept.streams.close());
  undo.push(async () => notifier.close());
  undo.push(() => signIn.close());
  if (kept) undo.push(() => kept.execution.idle());
  const record = kept ? await keepRecord(house, shared, kept) : null;
  await hearOthers(house, shared, undo);
  hear = hearOutages(environment, log);
  if (kept && at === 'apart') {
    const executed = listen(databaseUrl, {
      ...{ channel: EXECUTED_CHANNEL, name: 'portreeve-gatekeeper' },
      heard: kept.execution.heard,
    });
    undo.push(() => executed.stop());
  }
  const { running: released } = register;

  if (kept) await leases.renew(instance, 60);
  // The folder is ours alone, and with the embedded database so is all that stands in it: nobody else can be alive.
  if (!options.databaseUrl) await leases.releaseOthers(instance);
  const groups = groupsOf(project.workflows);
  if (makesLocalAccounts(config))
    await ensureLocalAccounts(
      identity,
      state.path,
      groups,
      config.environment === 'production' ? ['admin'] : undefined,
    );
  if (nobodySignsIn(config)) log('warn', `${NOBODY_SIGNS_IN} ${LET_SOMEBODY_IN}`);

  await record?.signFirst();
  const info = {
    version: VERSION,
    environment: config.environment,
    local_accounts: allowsLocalAccounts(config),
    database_roles: house.schema.roles,
    executor: at,
    active_releases: register.active,
    currency: currencyOf(config),
    endpoints: shownEndpoints(models?.endpoints ?? configuredEndpoints(config)),
  };
  const { workflows } = project;
  const { schema } = house.schema;
  await recordStart({ audit, created: signing?.created ?? [], policy, workflows, info, config, schema });
  await register.registerLoaded();
  await released.refresh();
  await shared.reviewSurface();
  await signIn.tidy();
  await shared.erasing.settleReturned();
  const recordSecrets = () => recordSecretChanges({ stateFolder: state.path, uow: database, audit });
  await recordSecrets();
  const figures = auditFigures(
    database,
    audit.all.map(({ log: { origin } }) => origin),
  );
  const logs = await Promise.all(audit.all.map(async ({ log }) => ({ log, from: await log.size() })));
  const now = houseSamples({ database, clock, environment: () => environment.facts(), spans });
  const counters = figureCounters({ figures, logs, now });
  const { metrics, traces } = config.telemetry;
  const push = metricsPush({
    ...{ config: metrics, systems, egress, secrets, counters, clock, about: house.about },
  });
  undo.push(async () => push.close());
  const thresholds = watchThresholds({
    ...{ audit, environment, clock, pilots: register },
    workflows: () => released.list(),
  });
  const drift = watchDrift({ audit, workflows: () => released.list() });
  const readiness = watchReadiness({
    ...{ project, systems, audit, identity, clock, log },
    ...{ engine: policy, stateFolder: state.path },
    workflows: () => released.list(),
    attached: register.releases.attached,
    unreviewed: faces.changes.unreviewed,
  });
  const admit = admission({ config, runs: runPressure(database), budgets: sharing.budgets, clock });
  const services: Services = {
    ...{ clock, database, pulse, identity, policy, environment, audit, approvals, runs, info, figures, counters },
    ...{ tracing, drift, thresholds, readiness, notifier, debugpoint },
    whatIf: createWhatIf(house.policies, project.folder),
    accessTokens: signIn.accessTokens,
    oidcByName: signIn.oidcByName,
    erasing: shared.erasing,
    backups: signing
      ? wireBackups({
          ...{ database, audit, keys: signing, config, clock, stateFolder: state.path },
          projectFolder: project.folder,
        })
      : backupsElsewhere,
    passkeys: shared.passkeys,
    approvalDelegations: shared.approvalDelegations,
    oversight: oversightStore(database),
    stamping: config.oversight.alarms,
    plantingNote: plantingNote(config.oversight.planted),
    handoffs: shared.handoffs,
    notices: shared.notices,
    spending: sharing.budgets,
    gatekeeper: kept ? 'here' : 'apart',
    reasoner,
    headEveryMs: config.audit.checkpoint_every_s * 1000,
    learn: faces.learn,
    undos: faces.undos,
    unwindings: faces.unwindings,
    gate: faces.gate,
    desk: faces.desk,
    changes: faces.changes,
    outside: faces.outside,
    submit: async (task, principal) => {
      const loaded = released.current(task.workflow);
      if (loaded) {
        await readiness.assertReady(task.workflow);
        await admit(loaded.definition.contract, principal);
      }
      return letIn.submit(task, principal);
    },
    metricsPush: () => push.state(),
    tracePush: () => spans.state(),
    reveals: shared.reveals,
    redact: (text) => shared.redactor.text(text),
    auditScope: auditScopeOf(config.audit.scopes),
    streams: () => faces.streams(),
    releases: register.releases,
    pilots: register.pilots,
    releaseChanges: register.compared,
    get workflows() {
      return released.list();
    },
    mcp: letIn.agents.services,
    evidence: evidenceReader(database, shared.sealing),
    web: webOrigin(config.identity.base_url),
    places: () => faces.places(),
    reach: reachSystems(systems, egress),
    public_tiles: config.audit.public_tiles,
    jwks: async () => ({ keys: [...faces.jwks().keys, ...(await signIn.accessTokens.jwks()).keys] }),
  };
  const app = await buildApp(services, house.logger as unknown as FastifyBaseLogger, {
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

  const carried = kept
    ? await startRuns({
        ...{ database, databaseUrl, instance, leases, log, leaseSeconds: options.leaseSeconds },
        ...{ audit, run: kept.run, runs, sealing: shared.sealing, releases: released },
        runsAtOnce: config.admission.runs_at_once,
        ...{ unwindings: kept.unwindings, gate: kept.runGate, apart: reasoner === 'apart' },
      })
    : await startQueueHere({ database, databaseUrl });
  undo.push(() => carried.stop());
  house.opens(carried.queue);
  await carried.begin();
  const contracts = project.workflows.map(({ definition }) => definition.contract);
  const { plantDue } = letIn;
  const { gateway } = letIn.agents.services;
  const timers = [
    ...timersOfEach({ environment, releases: released, recordSecrets }),
    ...timersOfApi(shared, { plantDue, gateway, drift, thresholds }),
    ...(kept
      ? [
          ...timersOfGatekeeper(shared, kept),
          ...timersOfRuns({ database, audit, contracts, clock, budgets: sharing.budgets, ...kept }),
        ]
      : []),
    ...(metrics ? [[metrics.every_s * 1000, () => push.push()] as const] : []),
    ...(traces ? [[traces.every_s * 1000, () => spans.push()] as const] : []),
  ].map(([ms, task]) => every(ms, task, log));
  undo.push(async () => {
    await Promise.all(timers.map((stop) => stop()));
  });
  await state.announce(url);

  let stopping: Promise<void> | null = null;
  const stop = async (reason: string): Promise<void> => {
    await database
      .transaction((tx) => audit.append(tx, [draft({ type: 'system.stopped', actor: SYSTEM_ACTOR, data: { reason } })]))
      .then(() => kept && audit.checkpoint().then(() => kept.publisher.publish()))
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
