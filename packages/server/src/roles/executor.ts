import { randomUUID } from 'node:crypto';
import { createAuditWriter, createRedactor } from '@portreeve/audit/writer';
import { type Clock, draft, PortreeveError, type ProjectConfig, SYSTEM_ACTOR, systemClock } from '@portreeve/contract';
import { createEgress, thumbprintOf } from '@portreeve/execute';
import { routesOf } from '../config/audit-logs.ts';
import { bindEnvironment } from '../config/bind-environment.ts';
import { checkSystems } from '../config/bind-systems.ts';
import { egressRules, proxyOf } from '../config/egress.ts';
import { refuseEnvironmentCredentials } from '../config/environment-credentials.ts';
import { configInForce, runBy, toolsInForce } from '../config/in-force.ts';
import { grantKeySet, keyId, loadExecutorKeys, publicText } from '../config/keys.ts';
import { recordSecretChanges } from '../config/secret-changes.ts';
import { openSecrets } from '../config/secrets.ts';
import { takeStateFolder } from '../config/state-folder.ts';
import { loadToolContracts } from '../config/tool-contracts.ts';
import { every } from '../every.ts';
import { openRootKeys } from '../keys/root-keys.ts';
import { houseTools } from '../releases/house.ts';
import { auditStage } from '../store/audit-stage.ts';
import { changeStore } from '../store/changes.ts';
import { Database } from '../store/database.ts';
import { DISPATCH_CHANNEL, dispatchStore } from '../store/dispatches.ts';
import { leaseStore } from '../store/leases.ts';
import { listen } from '../store/listen.ts';
import { assertMigrated } from '../store/migrate.ts';
import { pilotStore } from '../store/pilots.ts';
import { proposalReader } from '../store/proposals.ts';
import { releaseStore } from '../store/releases.ts';
import { KEYS_CHANNEL } from '../store/subject-keys.ts';
import { surfaceStore } from '../store/surface-agreed.ts';
import { type LogPlace, logDestination } from '../telemetry/log-destination.ts';
import { openLog } from '../telemetry/open-log.ts';
import { tracePush } from '../telemetry/push-traces.ts';
import { traceWriter } from '../telemetry/trace-stages.ts';
import { createTracing } from '../telemetry/tracing.ts';
import { VERSION } from '../version.ts';
import { wireKeys } from '../wire-keys.ts';
import { assertRole } from './assert-role.ts';
import { instanceName } from './executors-alive.ts';
import { inSteps, type Undo } from './in-steps.ts';
import { takeDispatches } from './take-dispatches.ts';
import { wireExecutor } from './wire-executor.ts';

export interface ExecutorProcessOptions {
  /** Folder with `portreeve.config.ts`: the same release that the other roles have. */
  readonly project: string;
  /** The executor's own, which no other role uses: its key and, with the embedded keystore, its credentials. */
  readonly stateFolder: string;
  /** Default: `file`. */
  readonly log?: LogPlace;
  readonly databaseUrl: string;
  /** Addresses of systems that are known only now; they go before those of the configuration. */
  readonly systems?: ProjectConfig['systems'];
  /** The process's environment, looked at for credentials that must not stand there. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  /** Seconds without a renewal after which its executions count as lost. */
  readonly leaseSeconds?: number;
  /** Named instants where a crash test stops the process. */
  readonly debugpoint?: (name: string) => void;
}

export interface ExecutorProcess {
  /** Its name in the configuration, and the thumbprint of its key. */
  readonly name: string;
  readonly jkt: string;
  readonly environment: ProjectConfig['environment'];
  /** Takes no more grants, waits for the calls in flight, then ends everything in order. */
  stop(): Promise<void>;
}

const LEASE_SECONDS = 15;
const TICKS_PER_LEASE = 5;
const LOOK_EVERY_MS = 500;
const SETTLE_EVERY_MS = 5000;

/**
 * The process that holds tool credentials, and nothing else: it verifies grants with the gatekeeper's public key, calls the
 * tools, and adds to the record (requirement F7). No model, no policy, no signing key of grants or of the log is loaded;
 * `test/roles` proves it.
 */
export function startExecutor(options: ExecutorProcessOptions): Promise<ExecutorProcess> {
  return inSteps(async (undo, stop) => ({ ...(await start(options, undo)), stop }));
}

async function start(options: ExecutorProcessOptions, undo: Undo): Promise<Omit<ExecutorProcess, 'stop'>> {
  const clock = options.clock ?? systemClock;
  const { leaseSeconds = LEASE_SECONDS, debugpoint = () => undefined } = options;
  const state = await takeStateFolder(options.stateFolder);
  undo.push(() => state.release());
  const { log, redactWith } = openLog(logDestination(options.log ?? 'file', state.path));

  const project = await loadToolContracts(options.project);
  const { config, folder } = project;
  refuseEnvironmentCredentials(options.env ?? process.env, config.environment);
  const systems = { ...config.systems, ...options.systems };
  checkSystems({ tools: project.contracts, sources: [] }, systems);
  const keys = await loadExecutorKeys(state.path);
  const redactor = createRedactor({ key: keys.redaction });
  redactWith(redactor.text);
  const jkt = thumbprintOf(keys.executor);
  const name = nameOf(config, jkt);

  const database = new Database(options.databaseUrl);
  undo.push(() => database.close());
  await assertMigrated(database.pool);
  await assertRole('executor', database, config.environment, (message) => log('warn', message));
  await bindEnvironment({ stateFolder: state.path, pool: database.pool, environment: config.environment });

  const secrets = openSecrets({ config, projectFolder: folder, stateFolder: state.path, clock });
  undo.push(() => secrets.close());
  const egress = createEgress({ allow: egressRules(systems), proxy: proxyOf(config, secrets) });
  undo.push(() => egress.close());
  const wrapper = openRootKeys({
    ...{ config: config.root_keys, projectFolder: folder, stateFolder: state.path, clock },
  });
  undo.push(() => wrapper.close());
  const sealing = wireKeys({ database, key: keys.redaction, wrapper, clock });
  const audit = createAuditWriter({
    store: auditStage(database),
    uow: database,
    redactor,
    keys: sealing,
    routes: routesOf(config),
    clock,
  });
  const proposals = proposalReader(database, sealing);
  const instance = instanceName(jkt, randomUUID());
  const { traces } = config.telemetry;
  const about = { version: VERSION, environment: config.environment, instance };
  const spans = tracePush({ config: traces, clock, about });
  spans.open({ systems, egress, secrets });
  undo.push(() => spans.close());
  const tracing = createTracing({ sink: spans.sink, clock });
  const { use, credentials } = wireExecutor({
    ...{
      database,
      audit: traceWriter(audit, tracing),
      tracing,
      clock,
      secrets,
      egress,
      systems,
      folder,
      instance,
      debugpoint,
    },
    house: houseTools({
      ...{ store: releaseStore(database), pilots: pilotStore(database), audit, uow: database, clock, proposals },
      ...{ changes: changeStore(database), surface: surfaceStore(database) },
      evidence_hours_max: config.releases.evidence_hours_max,
    }),
    environment: config.environment,
    key: keys.executor,
    jwks: grantKeySet(config.grant_keys),
  });
  undo.push(() => credentials.idle());
  const { executor } = keys;
  const data = { purpose: 'executor', key_id: keyId(executor), public_key: publicText(executor) };
  // Its key is made before its first start, when nobody writes records yet. It is on record once.
  await audit.record([draft({ type: 'key.created', actor: SYSTEM_ACTOR, data, key: `key:${data.public_key}` })]);
  const told = { executor: name, jkt };
  const in_force = configInForce(config);
  await audit.record([
    draft({
      type: 'executor.started',
      actor: SYSTEM_ACTOR,
      data: { ...told, version: VERSION, by: runBy(), in_force: { ...in_force, ...toolsInForce(project.contracts) } },
    }),
  ]);
  // Written while the database and the keeper of the root key are still open.
  undo.push(() => audit.record([draft({ type: 'executor.stopped', actor: SYSTEM_ACTOR, data: told })]));
  const recordSecrets = () => recordSecretChanges({ stateFolder: state.path, uow: database, audit });
  await recordSecrets();

  const leases = leaseStore(database);
  await leases.renew(instance, leaseSeconds);
  undo.push(() => leases.release(instance));
  const dead = async (other: string) => (await leases.dead([other])).length > 0;
  const intake = takeDispatches({
    ...{ audit, use, jkt, instance, log },
    ...{ contracts: project, proposals },
    dispatches: dispatchStore(database),
  });
  const timers = [
    every((leaseSeconds * 1000) / TICKS_PER_LEASE, () => leases.renew(instance, leaseSeconds), log),
    // What this process could not write, and what dead executors have left.
    every(SETTLE_EVERY_MS, () => use.recoverAll({ dead }), log),
    every(SETTLE_EVERY_MS, () => credentials.takeBack(dead), log),
    every(SETTLE_EVERY_MS, recordSecrets, log),
    every(LOOK_EVERY_MS, async () => intake.wake(), log),
    ...(traces ? [every(traces.every_s * 1000, () => spans.push(), log)] : []),
  ];
  // The lease is renewed until the last call has ended.
  undo.push(async () => {
    await Promise.all(timers.map((stop) => stop()));
  });
  undo.push(() => intake.stop());
  const listener = listen(options.databaseUrl, {
    ...{ channel: DISPATCH_CHANNEL, name: 'portreeve-executor' },
    heard: (payload) => {
      if (payload === '' || payload === jkt) intake.wake();
    },
  });
  undo.push(() => listener.stop());
  const erased = listen(options.databaseUrl, {
    ...{ channel: KEYS_CHANNEL, name: 'portreeve-keys' },
    heard: () => sealing.ring.forget(),
  });
  undo.push(() => erased.stop());
  return { name, jkt, environment: config.environment };
}

/** The name under which the configuration knows this key. Throws `misconfigured` where it does not, or knows no gatekeeper. */
function nameOf({ executors, grant_keys }: ProjectConfig, jkt: string): string {
  const known = Object.entries(executors).find(([, executor]) => executor.jkt === jkt);
  if (!known)
    throw new PortreeveError('misconfigured', `The configuration knows no executor with the key ${jkt}.`, {
      next: `Add it to portreeve.config.ts, for every role: executors: { main: { jkt: '${jkt}' } }`,
    });
  if (grant_keys.length === 0)
    throw new PortreeveError('misconfigured', 'The configuration does not say whose grants are accepted.', {
      next: "Add what `portreeve keys grant` prints on the gatekeeper to portreeve.config.ts: grant_keys: ['…']",
    });
  return known[0];
}
