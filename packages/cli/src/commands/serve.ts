import { resolve } from 'node:path';
import type { PortreeveError } from '@portreeve/contract';
import type { Command } from 'commander';
import { consoleFolder } from '../console-folder.ts';
import { EXIT, UsageError } from '../failure.ts';
import { printable, style } from '../output.ts';
import type { GlobalOptions } from '../session.ts';
import { untilInterrupted } from '../until-interrupted.ts';

export interface ServeOptions extends GlobalOptions {
  readonly project?: string;
  readonly role: string;
  readonly host: string;
  readonly port: string;
  readonly databaseUrl?: string;
  readonly console: boolean;
  readonly log: string;
}

const LOG_PLACES = ['file', 'stdout'] as const;
const ROLES = ['api', 'gatekeeper', 'reasoner', 'executor'] as const;

export function addServe(
  program: Command,
  run: (action: (options: ServeOptions) => Promise<number>) => (...args: unknown[]) => Promise<void>,
): void {
  program
    .command('serve')
    .description(
      'run roles of Portreeve on a PostgreSQL that is there: all of them in this process, or each in processes of its own',
    )
    .option('--role <roles>', 'separated by commas', ROLES.join(','))
    .option('--project <folder>', 'folder with portreeve.config.ts (default: the current one)')
    .option('--host <address>', 'address of the API', '127.0.0.1')
    .option('--port <number>', 'port of the API', '7410')
    .option('--database-url <url>', 'the PostgreSQL (default: DATABASE_URL)')
    .option('--no-console', 'serve the API without the web console')
    .option('--log <place>', 'where its log goes: file (server.log of the state folder) or stdout', 'file')
    .action(run(serve));
}

async function serve(options: ServeOptions): Promise<number> {
  const roles = rolesOf(options.role);
  const databaseUrl = options.databaseUrl ?? process.env.DATABASE_URL;
  if (!databaseUrl)
    throw new UsageError(
      '`portreeve serve` needs a PostgreSQL: --database-url, or DATABASE_URL. `portreeve up` brings one.',
    );
  const log = LOG_PLACES.find((each) => each === options.log);
  if (!log) throw new UsageError(`--log takes file or stdout, not ${options.log}.`);
  const where = { project: resolve(options.project ?? '.'), stateFolder: resolve(options.state), databaseUrl, log };
  const interrupted = untilInterrupted(options);
  // Only the part that this process is: an executor has no model loaded, not even unused (requirement F7).
  const running = await (typeof roles === 'string' ? ALONE[roles](where) : rest(options, where, roles));
  // Whoever reads a log from standard output reads lines of JSON.
  console.log(options.json || log === 'stdout' ? JSON.stringify(running.said) : running.line);
  await interrupted;
  await running.stop();
  return EXIT.done;
}

type Where = { project: string; stateFolder: string; databaseUrl: string; log: (typeof LOG_PLACES)[number] };

async function executor(where: Where) {
  const { startExecutor } = await import('@portreeve/server/executor');
  const { name, jkt, environment, stop } = await startExecutor(where);
  return { said: { executor: name, jkt, environment }, line: `Executor ${name} in ${environment}, key ${jkt}`, stop };
}

async function reasoner(where: Where) {
  const { modelKeysOf, startReasoner } = await import('@portreeve/server/reasoner');
  const { instance, environment, stop } = await startReasoner({ ...where, modelKeys: modelKeysOf(process.env) });
  return { said: { reasoner: instance, environment }, line: `${instance} in ${environment}`, stop };
}

async function gatekeeper(where: Where) {
  const { startGatekeeper } = await import('@portreeve/server');
  const { instance, environment, stop } = await startGatekeeper(where);
  return {
    said: { gatekeeper: instance, environment },
    line: `${instance} in ${environment}`,
    stop: () => stop('interrupted'),
  };
}

/** What is a process of its own and lets nobody in. */
const ALONE = { executor, reasoner, gatekeeper };

async function rest(options: ServeOptions, where: Where, { executor, reasoner, gatekeeper }: Rest) {
  const { modelKeysOf, notReady, startServer } = await import('@portreeve/server');
  const port = /^\d{1,5}$/.test(options.port) ? Number(options.port) : -1;
  if (port < 0 || port > 65_535) throw new UsageError(`--port takes a number up to 65535, not ${options.port}.`);
  const server = await startServer({
    ...where,
    host: options.host,
    port,
    consoleFolder: options.console ? consoleFolder(where.stateFolder) : undefined,
    ...{ executor, reasoner, gatekeeper },
    modelKeys: modelKeysOf(process.env),
  });
  const { version, environment } = server.services.info;
  const unready = await server.services.readiness.unready();
  if (!options.json) for (const each of unready) reportUnready(notReady(each), environment === 'production');
  return {
    said: {
      not_ready: Object.fromEntries(unready.map(({ workflow, items }) => [workflow, failed(items)])),
      url: server.url,
      version,
      environment,
      executor: server.services.info.executor,
      reasoner,
      gatekeeper,
    },
    line: `Portreeve ${version} on ${server.url}, ${environment}`,
    stop: () => server.stop('interrupted'),
  };
}

const failed = (items: readonly { readonly id: string; readonly state: string }[]): string[] =>
  items.filter(({ state }) => state === 'fail').map(({ id }) => id);

/** Said at the start, so that nobody learns of it by the first task. */
function reportUnready({ detail, errors }: PortreeveError, isHeld: boolean): void {
  console.error(`${style('yellow', 'warning:')} ${printable(detail)}${isHeld ? ' It takes no task.' : ''}`);
  for (const { path, message } of errors) console.error(`  ${path}: ${printable(message)}`);
}

/** Whether each of those that may run apart is in the process of the api. */
interface Rest {
  readonly gatekeeper: 'here' | 'apart';
  readonly executor: 'here' | 'apart';
  readonly reasoner: 'here' | 'apart';
}

/** Which part of Portreeve these roles are. */
function rolesOf(text: string): Rest | keyof typeof ALONE {
  const given = new Set(text.split(',').map((each) => each.trim()));
  for (const role of given)
    if (!ROLES.some((known) => known === role))
      throw new UsageError(`There is no role ${role || '(empty)'}: roles are ${ROLES.join(', ')}.`);
  const [only] = given;
  if (given.size === 1 && only !== undefined && Object.hasOwn(ALONE, only)) return only as keyof typeof ALONE;
  if (given.size === 1 && only === 'api') return { gatekeeper: 'apart', executor: 'apart', reasoner: 'apart' };
  const where = (role: (typeof ROLES)[number]) => (given.has(role) ? 'here' : 'apart');
  if (given.has('api') && given.has('gatekeeper'))
    return { gatekeeper: 'here', executor: where('executor'), reasoner: where('reasoner') };
  throw new UsageError(
    'Each role runs alone, or api and gatekeeper run in one process, with the reasoner and the executor or without: --role=api,gatekeeper, --role=api, --role=gatekeeper, --role=reasoner, --role=executor.',
  );
}
