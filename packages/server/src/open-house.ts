import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { createRedactor } from '@portreeve/audit';
import { type Clock, PortreeveError, type ProjectConfig, systemClock } from '@portreeve/contract';
import type { RunQueue } from '@portreeve/run';
import { bindEnvironment } from './config/bind-environment.ts';
import { checkSystems } from './config/bind-systems.ts';
import { refuseEnvironmentCredentials } from './config/environment-credentials.ts';
import type { configuredEndpoints } from './config/model.ts';
import { engineFor, projectPolicies } from './config/policies.ts';
import { loadProject } from './config/project.ts';
import { openSecrets } from './config/secrets.ts';
import { takeStateFolder } from './config/state-folder.ts';
import { openRootKeys } from './keys/root-keys.ts';
import { type Rehearsal, rehearsed } from './redteam/rehearsal.ts';
import { assertRole } from './roles/assert-role.ts';
import type { Undo } from './roles/in-steps.ts';
import { Database } from './store/database.ts';
import { listenForEnvironment } from './store/environment.ts';
import { listen } from './store/listen.ts';
import { assertMigrated, migrate } from './store/migrate.ts';
import { startEmbeddedPostgres } from './store/postgres.ts';
import { RELEASES_CHANNEL } from './store/releases.ts';
import { KEYS_CHANNEL } from './store/subject-keys.ts';
import { type LogPlace, logDestination } from './telemetry/log-destination.ts';
import { openLog } from './telemetry/open-log.ts';
import { tracePush } from './telemetry/push-traces.ts';
import { createTracing } from './telemetry/tracing.ts';
import { VERSION } from './version.ts';
import type { Shared } from './wire-shared.ts';

export interface HouseOptions {
  /** Folder with `portreeve.config.ts`. */
  readonly project: string;
  readonly stateFolder: string;
  /** Default: `file`. */
  readonly log?: LogPlace;
  /** Another PostgreSQL than the embedded one. */
  readonly databaseUrl?: string | undefined;
  /**
   * Addresses of systems that are known only now; they go before those of the configuration. A function is called once
   * the state folder is held, so that a start that is refused has started nothing.
   */
  readonly systems?: ProjectConfig['systems'] | (() => Promise<ProjectConfig['systems']>);
  /** The process's environment, looked at for credentials that must not stand there. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  /** What stands in for everything outside (`redteam/rehearsal.ts`); the project is then none of production. */
  readonly rehearsal?: Rehearsal;
}

export type House = Awaited<ReturnType<typeof openHouse>>;

/**
 * What an api and a gatekeeper open alike, in one process or in two: state folder, project, policy, keys, secrets, and the
 * database. `role` is the one that the database user must have, and no more; null: it owns the tables, and brings them up
 * to date.
 */
export async function openHouse<K extends { readonly redaction: Buffer }>(
  options: HouseOptions,
  own: {
    readonly role: 'api' | 'gatekeeper' | null;
    /** Before anything is opened that costs time. */
    readonly check: (config: ProjectConfig) => void;
    readonly loadKeys: (stateFolder: string) => Promise<K>;
  },
  undo: Undo,
) {
  const clock = options.clock ?? systemClock;
  const state = await takeStateFolder(options.stateFolder);
  undo.push(() => state.release());
  const { logger, log, redactWith } = openLog(logDestination(options.log ?? 'file', state.path));

  const project = rehearsed(await loadProject(options.project), options.rehearsal);
  const { config } = project;
  refuseEnvironmentCredentials(options.env ?? process.env, config.environment);
  const policies = projectPolicies(project);
  const policy = engineFor(policies, clock, (report) =>
    log('error', 'the compiled policy and the official engine disagree; the request was refused', report),
  );
  const given = typeof options.systems === 'function' ? await options.systems() : options.systems;
  const systems = { ...config.systems, ...given };
  own.check(config);
  const keys = await own.loadKeys(state.path);
  redactWith(createRedactor({ key: keys.redaction }).text);
  const secrets = openSecrets({ config, projectFolder: project.folder, stateFolder: state.path, clock });
  undo.push(() => secrets.close());

  let { databaseUrl } = options;
  if (!databaseUrl) {
    const postgres = await startEmbeddedPostgres({ folder: join(state.path, 'postgres') });
    undo.push(() => postgres.stop());
    databaseUrl = postgres.url;
  }
  const database = new Database(databaseUrl);
  undo.push(() => database.close());
  const schema = await schemaOf(own.role, database, config.environment, (message) => log('warn', message));
  await bindEnvironment({ stateFolder: state.path, pool: database.pool, environment: config.environment });

  const instance = `${own.role === null ? '' : `${own.role}/`}${process.pid}-${randomUUID()}`;
  const about = { version: VERSION, environment: config.environment, instance };
  const spans = tracePush({ config: config.telemetry.traces, clock, about });
  for (const { definition } of project.workflows) checkSystems(definition, systems);
  for (const { tools } of project.toolsets) checkSystems({ tools, sources: [] }, systems);
  const wrapper = openRootKeys({
    ...{ config: config.root_keys, projectFolder: project.folder, stateFolder: state.path, clock },
  });
  undo.push(() => wrapper.close());
  let engine: RunQueue | null = null;
  const running = () => {
    if (!engine) throw new PortreeveError('unavailable', 'Portreeve is still starting.');
    return engine;
  };
  return {
    ...{ clock, state, logger, log, project, config, policies, policy, systems, keys, secrets, database },
    ...{ databaseUrl, schema, instance, about, spans, wrapper },
    tracing: createTracing({ sink: spans.sink, clock }),
    queue: {
      enqueue: (tx, run) => running().enqueue(tx, run),
      nudge: (tx, run, topic) => running().nudge(tx, run, topic),
    } satisfies RunQueue,
    /** From now on runs can be started and woken. */
    opens(queue: RunQueue): void {
      engine = queue;
    },
  };
}

async function schemaOf(
  role: 'api' | 'gatekeeper' | null,
  database: Database,
  environment: ProjectConfig['environment'],
  warn: (message: string) => void,
): Promise<{ readonly roles: boolean; readonly schema: string }> {
  if (role === null) return migrate(database.pool);
  const schema = await assertMigrated(database.pool);
  await assertRole(role, database, environment, warn);
  return { roles: true, schema };
}

/** Hears of what other processes change: keys that are erased, freezes, releases that move. */
export async function hearOthers(
  { databaseUrl, log }: Pick<House, 'databaseUrl' | 'log'>,
  { environment, sealing, register }: Pick<Shared, 'environment' | 'sealing' | 'register'>,
  undo: Undo,
): Promise<void> {
  // Told at once of what another process freezes; looked at all the same, should nobody tell.
  await environment.refresh();
  const erased = listen(databaseUrl, {
    ...{ channel: KEYS_CHANNEL, name: 'portreeve-keys' },
    heard: () => sealing.ring.forget(),
  });
  undo.push(() => erased.stop());
  const listener = listenForEnvironment(databaseUrl, () => void environment.refresh().catch(() => undefined));
  undo.push(() => listener.stop());
  const look = () =>
    register.running.refresh().catch((error: unknown) => log('error', 'releases are not known', error));
  const moved = listen(databaseUrl, {
    ...{ channel: RELEASES_CHANNEL, name: 'portreeve-releases' },
    heard: () => void look(),
  });
  undo.push(() => moved.stop());
}

/** The model endpoints as the configuration has them, or as they were opened. */
export const shownEndpoints = (endpoints: readonly ReturnType<typeof configuredEndpoints>[number][]) =>
  endpoints.map(({ name, model, where, clearance, simulated }) => ({
    ...{ name, model, where, clearance, simulated },
  }));
