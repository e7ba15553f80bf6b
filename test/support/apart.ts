import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { ProjectConfigInput } from '@portreeve/contract';
import { plainKeystore } from '@portreeve/server';
import { executorThumbprint, grantKey } from '@portreeve/server/executor';
import { testDatabase, withClient } from '@portreeve/server/testing';
import { type CaseSystem, EXAMPLE, startCaseSystem } from './case-system.ts';
import { CLI } from './cli.ts';
import { freePort, type Started, start, temporaryFolder } from './processes.ts';

/** What a process of a role can reach: a login of its own, and a state folder of its own. */
export interface RoleAccess {
  readonly databaseUrl: string;
  readonly state: string;
}

/** The rest of Portreeve and an executor, each a process of its own, as an operator sets them up. */
export interface Apart {
  readonly url: string;
  readonly project: string;
  readonly databaseUrl: string;
  readonly rest: { readonly state: string; process: Started };
  readonly executor: RoleAccess & { readonly jkt: string; process: Started };
  readonly caseSystem: CaseSystem;
  /** A login that is a member of one role's group and of nothing else. */
  loginOf(role: 'api' | 'reasoner' | 'gatekeeper' | 'executor'): Promise<string>;
  startExecutor(env?: Record<string, string>): Promise<Started>;
  startRest(env?: Record<string, string>): Promise<Started>;
  close(): Promise<void>;
}

const READ_TOKEN = 'a-token-for-the-tests-of-roles';
/** Stands only in the executor's keystore: nobody else may ever have it. */
export const TOOL_CREDENTIAL = 'canary-credential-of-a-tool-3f9b';
/** Stands only in the keystore of the rest. */
export const MODEL_CREDENTIAL = 'canary-credential-of-a-model-81cd';

/** Sets up `examples/incident-summary` with its executor apart, and starts both. `ttl_s`: seconds that a grant lives. */
export async function startApart(options: { ttl_s?: number; executor?: boolean } = {}): Promise<Apart> {
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
  const states = { rest: join(root, 'rest'), executor: join(root, 'executor') };
  const project = join(root, 'project');
  const readTokenFile = join(root, 'read-token');
  await writeFile(readTokenFile, READ_TOKEN, { mode: 0o600 });
  const caseSystem = await startCaseSystem({
    data: join(root, 'case-system'),
    jwks: `http://127.0.0.1:${port}/.well-known/jwks.json`,
    readTokenFile,
  });
  await plainKeystore(states.rest, 'development').set('case-system-read-token', READ_TOKEN);
  await plainKeystore(states.rest, 'development').set('model-key', MODEL_CREDENTIAL);
  await plainKeystore(states.executor, 'development').set('tool-key', TOOL_CREDENTIAL);

  const jkt = await executorThumbprint(states.executor);
  const configure = async (grant_keys: string[]) => {
    const config: ProjectConfigInput = {
      environment: 'development',
      workflows: [relative(project, join(EXAMPLE, 'workflows/incident-summary'))],
      systems: { 'case-system': { url: caseSystem.url, private: true } },
      executors: { main: { jkt } },
      grant_keys,
      ...(options.ttl_s ? { grants: { ttl_s: options.ttl_s } } : {}),
    };
    await mkdir(project, { recursive: true });
    await writeFile(join(project, 'portreeve.config.ts'), `export default ${JSON.stringify(config, null, 2)};\n`);
  };
  await configure([]);

  const serve = (role: string, state: string, url: string, more: string[], env: Record<string, string> = {}) =>
    start(process.execPath, [CLI, 'serve', '--role', role, '--project', project, '--state', state, '--json', ...more], {
      env: { DATABASE_URL: url, ...env },
    });
  const startRest = async (env?: Record<string, string>) => {
    const started = serve('api,gatekeeper,reasoner', states.rest, database.url, ['--port', String(port)], env);
    await started.printed(/"url":"([^"]+)"/);
    return started;
  };
  const rest = await startRest();
  await configure([await grantKey(states.rest)]);
  const executorUrl = await loginOf('executor');
  const startExecutor = async (env?: Record<string, string>) => {
    const started = serve('executor', states.executor, executorUrl, [], env);
    await started.printed(/"executor":"main"/);
    return started;
  };
  const executor = options.executor === false ? rest : await startExecutor();

  const apart: Apart = {
    url: `http://127.0.0.1:${port}`,
    project,
    databaseUrl: database.url,
    rest: { state: states.rest, process: rest },
    executor: { state: states.executor, databaseUrl: executorUrl, jkt, process: executor },
    caseSystem,
    loginOf,
    startExecutor,
    startRest,
    async close() {
      for (const { child, ended } of [apart.executor.process, apart.rest.process]) {
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
