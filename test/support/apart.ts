import { randomBytes } from 'node:crypto';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import type { ProjectConfigInput } from '@portreeve/contract';
import { migrateAt, plainKeystore } from '@portreeve/server';
import { executorThumbprint, grantKey } from '@portreeve/server/executor';
import { testDatabase, withClient } from '@portreeve/server/testing';
import { ROOT } from '../repository.ts';
import { type CaseSystem, EXAMPLE, startCaseSystem } from './case-system.ts';
import { CLI } from './cli.ts';
import { freePort, type Started, start, temporaryFolder } from './processes.ts';

/** The rest of Portreeve and an executor, each a process of its own, as an operator sets them up. */
export interface Apart {
  readonly url: string;
  readonly databaseUrl: string;
  /** What both processes seal with. */
  readonly rootKeysFile: string;
  readonly rest: { readonly state: string; process: Started };
  readonly executor: { readonly state: string; readonly databaseUrl: string; readonly jkt: string; process: Started };
  /** Those that run apart, each with a state folder of its own; none where the rest carries runs itself. */
  readonly reasoners: { readonly state: string; readonly databaseUrl: string; process: Started }[];
  /** Those that run apart, each with a state folder of its own; none where the rest is the gatekeeper as well. */
  readonly gatekeepers: { readonly state: string; readonly databaseUrl: string; process: Started }[];
  /** Every api; the first one is the rest. */
  readonly apis: { readonly url: string; readonly state: string; readonly databaseUrl: string; process: Started }[];
  /** A login that is a member of one role's group and of nothing else. */
  loginOf(role: 'api' | 'reasoner' | 'gatekeeper' | 'executor'): Promise<string>;
  startExecutor(env?: Record<string, string>): Promise<Started>;
  startRest(env?: Record<string, string>): Promise<Started>;
  /** Another one, or anew the one of this state folder. */
  startReasoner(state?: string, env?: Record<string, string>): Promise<Started>;
  /** Another one that signs by the keys of the first, or anew the one of this state folder. */
  startGatekeeper(state?: string): Promise<Started>;
  /** Another one, or anew the one of this state folder. */
  startApi(state?: string): Promise<Started>;
  close(): Promise<void>;
}

/** What is set up before the processes start, and knows where the API will be. */
export interface Before {
  readonly root: string;
  readonly jwks: string;
}

export interface Installed {
  readonly workflow: string;
  readonly systems: NonNullable<ProjectConfigInput['systems']>;
  /** Secrets of the keystore of each. */
  readonly secrets: { readonly rest: Record<string, string>; readonly executor: Record<string, string> };
}

/** What runs as a process of its own; `rest`: the api and the gatekeeper in one. */
type Placed = 'rest' | 'api' | 'gatekeeper' | 'executor' | 'reasoner';

export interface ApartOptions {
  /** Seconds that a grant lives. */
  readonly ttl_s?: number;
  /** The address of a receiver of OTLP, which both processes then send their traces to. */
  readonly collector?: string;
  /** False: started later, by {@link Apart.startExecutor}. */
  readonly executor?: boolean;
  /** How many reasoners run apart; left out: the rest carries runs itself. */
  readonly reasoners?: number;
  /** The api and the gatekeeper are processes of their own, on a database that its owner has migrated before. */
  readonly split?: boolean;
  /**
   * The program that a role is begun with, in place of the command; it takes the same arguments. It has an IPC channel.
   * `root`: the repository that it lies in; its workflows are taken from there.
   */
  readonly program?: () => { readonly root: string; readonly file: string };
  /** Where the process of a role finds the database, in place of its own address. */
  readonly through?: (role: Placed, databaseUrl: string) => string;
  /** The host of a role: its address, and what stands before a command that runs there. Left out: this one. */
  readonly on?: (role: Placed) => { readonly address: string; command(): readonly string[] };
  /** More of the configuration. */
  readonly config?: Partial<ProjectConfigInput>;
}

/** Starts both on a database and folders of their own: first the rest, whose key the executor's configuration names. */
export async function startRoles(
  install: (before: Before) => Promise<Installed>,
  options: ApartOptions = {},
): Promise<Apart> {
  const { collector } = options;
  const root = await temporaryFolder();
  const database = await testDatabase();
  const logins: string[] = [];
  const loginOf: Apart['loginOf'] = async (role) => {
    const name = `test_${role}_${randomBytes(6).toString('hex')}`;
    logins.push(name);
    await database.database.pool.query(`CREATE ROLE ${name} LOGIN PASSWORD 'x' IN ROLE portreeve_${role}`);
    const url = new URL(database.url);
    url.username = name;
    url.password = 'x';
    return url.href;
  };
  const port = await freePort();
  const { reasoners: many = 0 } = options;
  const states = { rest: join(root, 'rest'), executor: join(root, 'executor') };
  const reasonerState = (number: number) => join(root, `reasoner-${number}`);
  const project = join(root, 'project');
  const address = options.on?.(options.split ? 'api' : 'rest').address ?? '127.0.0.1';
  const installed = await install({ root, jwks: `http://${address}:${port}/.well-known/jwks.json` });
  const store = async (state: string, secrets: Record<string, string>) => {
    for (const [name, value] of Object.entries(secrets)) await plainKeystore(state, 'development').set(name, value);
  };
  // What reads sources and asks models is the reasoner, wherever it runs.
  if (many === 0) await store(states.rest, installed.secrets.rest);
  await store(states.executor, installed.secrets.executor);

  const jkt = await executorThumbprint(states.executor);
  const configure = async (grant_keys: string[]) => {
    const config: ProjectConfigInput = {
      environment: 'development',
      workflows: [relative(project, installed.workflow)],
      systems: { ...installed.systems, ...(collector ? { collector: { url: collector, private: true } } : {}) },
      ...(collector ? { telemetry: { traces: { system: 'collector', every_s: 1 } } } : {}),
      executors: { main: { jkt } },
      // Both seal and open: in production it is mounted for both.
      root_keys: { keeper: { kind: 'file', path: relative(project, join(root, 'root-keys.json')) } },
      grant_keys,
      ...(many > 0 ? { models: [SIMULATED] } : {}),
      ...(options.ttl_s ? { grants: { ttl_s: options.ttl_s } } : {}),
      ...options.config,
    };
    await mkdir(project, { recursive: true });
    await writeFile(join(project, 'portreeve.config.ts'), `export default ${JSON.stringify(config, null, 2)};\n`);
  };
  await configure([]);

  const { program, through = (_role, url) => url } = options;
  /** Its own workflows, and all else as in the project of this version. */
  const projectOf = async (root: string): Promise<string> => {
    if (root === ROOT) return project;
    const own = `${project}-${basename(root)}`;
    await cp(project, own, { recursive: true });
    const file = join(own, 'portreeve.config.ts');
    const workflow = join(root, relative(ROOT, installed.workflow));
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replaceAll(relative(project, installed.workflow), relative(own, workflow)));
    return own;
  };
  const serve = async (placed: Placed, role: string, state: string, url: string, more: string[] = [], env = {}) => {
    const { root: version = ROOT, file = CLI } = program?.() ?? {};
    const folder = await projectOf(version);
    const [first, ...then] = [
      ...(options.on?.(placed).command() ?? []),
      ...[process.execPath, file, 'serve', '--role', role, '--project', folder, '--state', state, '--json', ...more],
    ];
    return start(first!, then, { env: { DATABASE_URL: through(placed, url), ...env }, ipc: program !== undefined });
  };
  const startRest = async (env?: Record<string, string>) => {
    const roles = many > 0 ? 'api,gatekeeper' : 'api,gatekeeper,reasoner';
    const where = ['--host', address, '--port', String(port), '--no-console'];
    const started = await serve('rest', roles, states.rest, database.url, where, env);
    await started.printed(/"url":"([^"]+)"/, START_MS_MAX);
    return started;
  };
  const gatekeepers: Apart['gatekeepers'] = [];
  const apis: Apart['apis'] = [];
  const startGatekeeper: Apart['startGatekeeper'] = async (state) => {
    const known = gatekeepers.find((each) => each.state === state);
    const folder = known?.state ?? join(root, `gatekeeper-${gatekeepers.length}`);
    const databaseUrl = known?.databaseUrl ?? (await loginOf('gatekeeper'));
    const [first] = gatekeepers;
    if (!known && first) await cp(join(first.state, 'keys'), join(folder, 'keys'), { recursive: true });
    const process = await serve('gatekeeper', 'gatekeeper', folder, databaseUrl);
    await process.printed(/"gatekeeper":"gatekeeper/, START_MS_MAX);
    if (known) known.process = process;
    else gatekeepers.push({ state: folder, databaseUrl, process });
    return process;
  };
  const startApi: Apart['startApi'] = async (state) => {
    const known = apis.find((each) => each.state === state);
    const folder = known?.state ?? (apis.length === 0 ? states.rest : join(root, `api-${apis.length}`));
    const databaseUrl = known?.databaseUrl ?? (await loginOf('api'));
    const own = known?.url ?? `http://${address}:${apis.length === 0 ? port : await freePort()}`;
    const key = join('keys', 'redaction.key');
    if (!known) await cp(join(gatekeepers[0]!.state, key), join(folder, key));
    const where = ['--host', address, '--port', new URL(own).port, '--no-console'];
    const process = await serve('api', 'api', folder, databaseUrl, where);
    await process.printed(/"url":"([^"]+)"/, START_MS_MAX);
    if (known) known.process = process;
    else apis.push({ url: own, state: folder, databaseUrl, process });
    return process;
  };
  if (options.split) {
    await migrateAt(database.url);
    await startGatekeeper();
    await configure([await grantKey(gatekeepers[0]!.state)]);
    await startApi();
  }
  const rest = apis[0]?.process ?? (await startRest());
  if (!options.split) await configure([await grantKey(states.rest)]);
  const executorUrl = await loginOf('executor');
  const startExecutor = async (env?: Record<string, string>) => {
    const started = await serve('executor', 'executor', states.executor, executorUrl, [], env);
    await started.printed(/"executor":"main"/);
    return started;
  };
  const executor = options.executor === false ? rest : await startExecutor();
  const reasoners: Apart['reasoners'] = [];
  const startReasoner: Apart['startReasoner'] = async (state, env) => {
    const known = reasoners.find((each) => each.state === state);
    const folder = known?.state ?? reasonerState(reasoners.length);
    const databaseUrl = known?.databaseUrl ?? (await loginOf('reasoner'));
    if (!known) await store(folder, installed.secrets.rest);
    const process = await serve('reasoner', 'reasoner', folder, databaseUrl, [], env);
    await process.printed(/"reasoner":"/, START_MS_MAX);
    if (known) known.process = process;
    else reasoners.push({ state: folder, databaseUrl, process });
    return process;
  };
  for (const _ of range(many)) await startReasoner();

  const apart: Apart = {
    url: `http://${address}:${port}`,
    databaseUrl: database.url,
    rootKeysFile: join(root, 'root-keys.json'),
    rest: { state: states.rest, process: rest },
    executor: { state: states.executor, databaseUrl: executorUrl, jkt, process: executor },
    loginOf,
    startExecutor,
    startRest,
    reasoners,
    startReasoner,
    ...{ gatekeepers, apis, startGatekeeper, startApi },
    async close() {
      const carrying = reasoners.map(({ process }) => process);
      const letting = options.split ? apis.map(({ process }) => process) : [apart.rest.process];
      const deciding = gatekeepers.map(({ process }) => process);
      for (const { child, ended } of [...carrying, apart.executor.process, ...letting, ...deciding]) {
        child.kill('SIGTERM');
        await ended;
      }
      await withClient(database.url, async (client) => {
        for (const name of logins) await client.query(`DROP OWNED BY ${name} CASCADE`);
      });
      await database.close();
      await withClient(process.env.PORTREEVE_TEST_DATABASE_URL as string, async (client) => {
        for (const name of logins) await client.query(`DROP ROLE ${name}`);
      });
    },
  };
  return apart;
}

const range = (many: number): number[] => Array.from({ length: many }, (_, number) => number);

/** Nothing stands in for a model where reasoners run apart: what is asked is what the configuration says. */
const SIMULATED: NonNullable<ProjectConfigInput['models']>[number] = {
  ...{ name: 'simulated', kind: 'simulated', where: 'inside' },
  clearance: {
    confidentiality: 'restricted',
    categories: ['personal', 'health', 'payment', 'credential', 'customer'],
  },
};

/** A machine that does much else takes its time. */
const START_MS_MAX = 120_000;

const READ_TOKEN = 'a-token-for-the-tests-of-roles';
/** Stands only in the executor's keystore: nobody else may ever have it. */
export const TOOL_CREDENTIAL = 'canary-credential-of-a-tool-3f9b';
/** Stands only in the keystore of the rest. */
export const MODEL_CREDENTIAL = 'canary-credential-of-a-model-81cd';

/** `examples/incident-summary` with its executor apart. */
export async function startApart(options: ApartOptions = {}): Promise<Apart & { readonly caseSystem: CaseSystem }> {
  let caseSystem: CaseSystem | null = null;
  const apart = await startRoles(async ({ root, jwks }) => {
    const readTokenFile = join(root, 'read-token');
    await writeFile(readTokenFile, READ_TOKEN, { mode: 0o600 });
    caseSystem = await startCaseSystem({ data: join(root, 'case-system'), jwks, readTokenFile });
    return {
      workflow: join(EXAMPLE, 'workflows/incident-summary'),
      systems: { 'case-system': { url: caseSystem.url, private: true } },
      secrets: {
        rest: { 'case-system-read-token': READ_TOKEN, 'model-key': MODEL_CREDENTIAL },
        executor: { 'tool-key': TOOL_CREDENTIAL },
      },
    };
  }, options);
  // Not a copy: the processes in it change.
  return Object.assign(apart, { caseSystem: caseSystem! as CaseSystem });
}
