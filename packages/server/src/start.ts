import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
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
import {
  type Clock,
  draft,
  type EvidenceId,
  isPortreeveError,
  PortreeveError,
  type ProjectConfig,
  type RunId,
  resolveSystemUrl,
  SYSTEM_ACTOR,
  systemClock,
} from '@portreeve/contract';
import { createEgress, createExecutor, createGrantIssuer, createGrants, httpConnector } from '@portreeve/execute';
import { createGate, createHandoffs } from '@portreeve/gate';
import { createIdentity } from '@portreeve/identity';
import {
  type ContextStage,
  type Engine,
  startEngine,
  startReaper,
  type Task,
  taskRunner,
  taskSubmitter,
  type Workflows,
} from '@portreeve/run';
import type { FastifyBaseLogger } from 'fastify';
import { pino } from 'pino';
import { bindSource, checkSystems } from './config/bind-systems.ts';
import { keyId, loadKeys } from './config/keys.ts';
import { ensureLocalAccounts } from './config/local-accounts.ts';
import { openModel } from './config/model.ts';
import { loadPolicies } from './config/policies.ts';
import { loadProject } from './config/project.ts';
import { secretFolder } from './config/secrets.ts';
import { takeStateFolder } from './config/state-folder.ts';
import { buildApp } from './http/app.ts';
import type { Services } from './services.ts';
import { approvalStore } from './store/approvals.ts';
import { auditStore } from './store/audit.ts';
import { Database } from './store/database.ts';
import { evidenceReader } from './store/evidence.ts';
import { executeStore } from './store/executions.ts';
import { handoffStore } from './store/handoffs.ts';
import { identityStore } from './store/identity.ts';
import { leaseStore } from './store/leases.ts';
import { migrate } from './store/migrate.ts';
import { noticeStore } from './store/notices.ts';
import { startEmbeddedPostgres } from './store/postgres.ts';
import { proposalStore } from './store/proposals.ts';
import { runStore } from './store/runs.ts';
import { contextStore } from './store/values.ts';
import { VERSION } from './version.ts';

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
  readonly anthropicApiKey?: string | undefined;
  readonly clock?: Clock;
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

const EXPIRE_EVERY_MS = 5000;
const CHECKPOINT_EVERY_MS = 60_000;

/** Wires every stage to its adapters and starts all roles in this process. Whatever was started is stopped on an error. */
export async function startServer(options: StartOptions): Promise<PortreeveServer> {
  const undo: (() => Promise<unknown>)[] = [];
  const unwind = async () => {
    for (const step of undo.splice(0).reverse()) await step().catch(() => undefined);
  };
  try {
    return await start(options, undo, unwind);
  } catch (error) {
    await unwind();
    throw error;
  }
}

async function start(
  options: StartOptions,
  undo: (() => Promise<unknown>)[],
  unwind: () => Promise<void>,
): Promise<PortreeveServer> {
  const clock = options.clock ?? systemClock;
  const debugpoint = options.debugpoint ?? (() => undefined);
  const state = await takeStateFolder(options.stateFolder);
  undo.push(() => state.release());
  const logger = pino(
    { level: 'info' },
    pino.destination({ dest: join(state.path, 'server.log'), mkdir: true, sync: true }),
  );
  const log = (level: 'info' | 'warn' | 'error', message: string, error?: unknown) =>
    logger[level]({ err: error }, message);

  const project = await loadProject(options.project);
  const { config } = project;
  const policy = loadPolicies(project, clock);
  const given = typeof options.systems === 'function' ? await options.systems() : options.systems;
  const systems = { ...config.systems, ...given };
  const keys = await loadKeys(state.path);
  const secrets = secretFolder(state.path);

  let databaseUrl = options.databaseUrl;
  if (!databaseUrl) {
    const postgres = await startEmbeddedPostgres({ folder: join(state.path, 'postgres') });
    undo.push(() => postgres.stop());
    databaseUrl = postgres.url;
  }
  const database = new Database(databaseUrl);
  undo.push(() => database.close());
  await migrate(database.pool);

  const audit = createAuditLog({
    store: auditStore(database),
    uow: database,
    signer: createNoteSigner({ name: config.log_origin, privateKey: keys.log }),
    redactor: createRedactor({ key: keys.redaction }),
    origin: config.log_origin,
    clock,
  });
  const stage = { audit, uow: database, clock };
  const identity = createIdentity({ ...stage, store: identityStore(database) });
  const environment = { facts: () => ({ name: config.environment, freezes: [], incident: false }) };

  const model = await openModel({ config, secrets, environmentKey: options.anthropicApiKey, clock });
  undo.push(() => model.close());

  const executor = `${process.pid}-${randomUUID()}`;
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
  const egress = createEgress({ allow: egressRules(systems) });
  undo.push(() => egress.dispatcher.close());
  const use = createExecutor({
    ...stage,
    jwks: await issuer.jwks(),
    issuer: issuerName(config),
    environment: config.environment,
    store: executeRows,
    connectors: { http: httpConnector({ egress, clock, locate: (url) => resolveSystemUrl(url, systems) }) },
    secrets: { read: (name) => secrets.read(name) },
    instance: executor,
    debugpoint,
  });

  const proposals = proposalStore(database);
  const notices = noticeStore(database);
  const handoffs = createHandoffs({ ...stage, store: handoffStore(database) });
  let engine: Engine | null = null;
  const queue = () => {
    if (!engine) throw new PortreeveError('unavailable', 'Portreeve is still starting.');
    return engine;
  };
  const approvals = createApprovals({
    ...stage,
    store: approvalStore(database),
    signers: identity,
    onClosed: async (tx, approval) => {
      const run = (await proposals.get(approval.proposal))?.proposal.run;
      if (run) await queue().nudge(tx, run, `approval:${approval.id}`);
    },
  });
  const gate = createGate({
    ...stage,
    policy,
    approvals,
    handoffs,
    store: proposals,
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
  for (const { definition } of project.workflows) checkSystems(definition, systems);
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

  await leases.renew(executor, 60);
  // The folder is ours alone, and with the embedded database so is all that stands in it: nobody else can be alive.
  if (!options.databaseUrl) await leases.releaseOthers(executor);
  const groups = [...new Set(project.workflows.flatMap((each) => each.definition.contract.approvers))];
  if (config.environment !== 'production') await ensureLocalAccounts(identity, state.path, groups);

  // Another key than the one that signed this log before would fork it: found now, and not at the first receipt.
  await audit.checkpoint().catch((error: unknown) => {
    if (!isPortreeveError(error, 'log_broken')) throw error;
    throw new PortreeveError('log_broken', error.detail, {
      next: `Either the log was changed, or the keys in ${join(state.path, 'keys')} are not those that signed it: use the state folder that belongs to this database.`,
      cause: error,
    });
  });
  const info = {
    version: VERSION,
    environment: config.environment,
    model: model.provider.model,
    endpoint: model.provider.name,
    simulated: model.provider.simulated,
  };
  await database.transaction((tx) =>
    audit.append(tx, [
      ...keys.created.map((data) =>
        draft({ type: 'key.created', actor: SYSTEM_ACTOR, data, key: `key:${data.public_key}` }),
      ),
      draft({
        type: 'policy.loaded',
        actor: SYSTEM_ACTOR,
        refs: { policy_version: policy.version },
        data: { policy_version: policy.version, rules: policy.rules.map((rule) => rule.id) },
        key: `policy:${policy.version}`,
      }),
      ...project.workflows.map(({ definition, release, files }) =>
        draft({
          type: 'release.loaded',
          actor: SYSTEM_ACTOR,
          refs: { workflow: definition.contract.name, release },
          data: { workflow: definition.contract.name, release, files: files.map((file) => ({ ...file })) },
          key: `release:${release}`,
        }),
      ),
      draft({
        type: 'system.started',
        actor: SYSTEM_ACTOR,
        refs: { policy_version: policy.version },
        data: {
          version: info.version,
          environment: info.environment,
          policy_version: policy.version,
          workflows: project.workflows.map((each) => each.definition.contract.name),
          model: info.model,
          simulated: info.simulated,
        },
      }),
    ]),
  );

  const submit = taskSubmitter({
    ...stage,
    store: runs,
    workflows,
    policy,
    environment,
    queue: { enqueue: (tx, id) => queue().enqueue(tx, id), nudge: (tx, id, topic) => queue().nudge(tx, id, topic) },
  });
  const services: Services = {
    clock,
    database,
    identity,
    policy,
    environment,
    audit,
    approvals,
    handoffs,
    notices,
    gate,
    runs,
    workflows: project.workflows,
    submit: (task: Task, principal) => submit(task, principal),
    evidence: (id: RunId, ids: readonly EvidenceId[]) => evidenceReader(database)(id, ids),
    jwks: async () => issuer.jwks(),
    info,
    debugpoint,
  };
  const app = await buildApp(services, logger as unknown as FastifyBaseLogger);
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

  engine = await startEngine({ url: databaseUrl, executor, run, clientOf: (tx) => database.clientOf(tx), log });
  undo.push(() => engine?.stop() ?? Promise.resolve());
  const reaper = await startReaper({ ...stage, engine, leases, log, leaseSeconds: options.leaseSeconds });
  undo.push(() => reaper.stop());
  await reaper.sweep();
  const timers = [
    every(EXPIRE_EVERY_MS, () => approvals.expireDue(), log),
    every(CHECKPOINT_EVERY_MS, () => identity.forgetOldAttempts(), log),
    // Also when nothing happened: a period without events is visible as such.
    every(CHECKPOINT_EVERY_MS, () => audit.checkpoint(), log),
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

/** Grants name who issued them, not where: the address of a server may change. */
function issuerName(config: ProjectConfig): string {
  return `urn:portreeve:${config.environment}`;
}

function egressRules(systems: ProjectConfig['systems']) {
  return Object.values(systems).map(({ url, private: allowed }) => {
    const { hostname, port, protocol } = new URL(url);
    return { host: hostname, port: Number(port) || (protocol === 'https:' ? 443 : 80), private: allowed };
  });
}

/** Repeats a task, one at a time; the returned function stops it and waits for the one in flight. */
function every(
  ms: number,
  task: () => Promise<unknown>,
  log: (level: 'error', message: string, error: unknown) => void,
): () => Promise<void> {
  let busy: Promise<unknown> | null = null;
  const timer = setInterval(() => {
    busy ??= task()
      .catch((error: unknown) =>
        log('error', isPortreeveError(error) ? error.message : 'a periodic task failed', error),
      )
      .finally(() => {
        busy = null;
      });
  }, ms);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await busy;
  };
}
