import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type {
  Approval,
  JsonObject,
  KeyVerdict,
  Principal,
  ProjectConfigInput,
  Role,
  Run,
  VerdictStatement,
} from '@portreeve/contract';
import { makeSigningKey, type Signer, type SigningKey, unlockSigningKey } from '@portreeve/identity/signing-key';
import { readLocalAccounts } from '../config/local-accounts.ts';
import { plainKeystore } from '../config/secrets.ts';
import { signStatement } from '../sign-statement.ts';
import { type PortreeveServer, type StartOptions, startServer } from '../start.ts';
import { testDatabase } from '../store/testing/database.ts';
import { type Client, client } from './client.ts';
import { type Downstream, startDownstream } from './downstream.ts';
import config from './project/portreeve.config.ts';
import workflow from './project/workflows/case-note/workflow.ts';

export const PROJECT = fileURLToPath(new URL('./project/', import.meta.url));
/** The one workflow of the test project; the group of its approvers is {@link APPROVERS}. */
export const WORKFLOW = workflow.contract.name;
export const APPROVERS = workflow.contract.approvers;
/** Tools of the test project for agents outside, as configuration. */
export const AGENT_TOOLSET = { name: 'cases', approvers: [...APPROVERS], tools: join(PROJECT, 'agents/tools.ts') };

export interface TestServerOptions extends Pick<StartOptions, 'clock' | 'debugpoint' | 'modelKeys' | 'consoleFolder'> {
  /** Another project than the test project: a folder. */
  readonly project?: string;
  /** Called before the first start, with the state folder. */
  readonly prepare?: (stateFolder: string) => Promise<void>;
  /** Changes to the test project's configuration. */
  readonly config?: Partial<ProjectConfigInput>;
  /** Secrets of the state folder, by name. */
  readonly secrets?: Readonly<Record<string, string>>;
}

export interface SignedInClient extends Client {
  readonly token: string;
  readonly principal: Principal;
}

/** What an approver reads of an approval, as far as a verdict needs it. */
export interface ShownApproval {
  readonly approval: Approval;
  readonly digest: string;
  readonly args: JsonObject;
}

export interface TestServer {
  /** The server that runs now. */
  readonly server: PortreeveServer;
  readonly url: string;
  readonly stateFolder: string;
  readonly databaseUrl: string;
  readonly downstream: Downstream;
  /** What a start needs to take this server's place. */
  readonly startOptions: StartOptions;
  readonly anonymous: Client;
  /** A local account (`analyst`, `lead`, `operator`, `auditor`, `admin`), or one of {@link addAccount}, signed in. */
  as(name: string): Promise<SignedInClient>;
  /** The password of a local account: what a person types. */
  passwordOf(name: string): string;
  /** Signs in anew. */
  signIn(name: string): Promise<SignedInClient>;
  /** Signs in with a name and password of the caller's. */
  signInWith(name: string, password: string): Promise<SignedInClient>;
  /** Makes a person's account with a signing key. */
  addAccount(name: string, roles: readonly Role[], groups?: readonly string[]): Promise<SignedInClient>;
  /** Submits a task of the test project as the analyst, or as another client. */
  submit(input: object, by?: Client): Promise<Run>;
  /** Waits until the run has an approval, and reads it as its approver does. */
  approvalOf(run: Run['id']): Promise<ShownApproval>;
  /** Waits for the end of the run. */
  ended(run: Run['id']): Promise<Run>;
  /** A verdict as the person's own machine signs it; `over` changes the statement before, `signer` who signs. */
  verdict(
    name: string,
    shown: ShownApproval,
    verdict: VerdictStatement['verdict'],
    over?: Partial<VerdictStatement>,
  ): Promise<KeyVerdict>;
  /** Stops the server and starts another on the same state and database. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The real server on a database, a state folder and a downstream of its own. One a test file: the durable engine keeps
 * its state for the whole process.
 */
export async function testServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { config: changes, secrets = {}, project, prepare, ...start } = options;
  const undo: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const stateFolder = await mkdtemp(join(tmpdir(), 'portreeve-state-'));
    undo.push(() => rm(stateFolder, { recursive: true, force: true }));
    for (const [name, secret] of Object.entries(secrets))
      await plainKeystore(stateFolder, changes?.environment ?? 'test').set(name, secret);
    const database = await testDatabase();
    undo.push(() => database.close());
    const downstream = await startDownstream();
    undo.push(() => downstream.close());
    const startOptions: StartOptions = {
      ...start,
      project: project ?? (changes ? await changedProject(stateFolder, changes) : PROJECT),
      stateFolder,
      databaseUrl: database.url,
      port: 0,
      systems: { downstream: { url: downstream.url, private: true } },
    };
    await prepare?.(stateFolder);
    let server = await startServer(startOptions);
    undo.push(() => server.stop('the test is over'));

    const passwordsByName = new Map(
      ((await readLocalAccounts(stateFolder)) ?? []).map((account) => [account.name, account.password]),
    );
    const clientsByName = new Map<string, Promise<SignedInClient>>();
    const signersByName = new Map<string, Promise<Signer>>();
    const anonymous = client(() => server.url, null);
    const passwordOf = (name: string): string => {
      const password = passwordsByName.get(name);
      if (password === undefined) throw new Error(`the test server has no account ${name}`);
      return password;
    };

    const signInWith = async (name: string, password: string): Promise<SignedInClient> => {
      const { status, body } = await anonymous.post('/v1/sessions', { name, password });
      if (status !== 201) throw new Error(`${name} cannot sign in: ${JSON.stringify(body)}`);
      return { ...client(() => server.url, body.token), token: body.token, principal: body.principal };
    };
    const signIn = async (name: string) => signInWith(name, passwordOf(name));
    const as = (name: string): Promise<SignedInClient> => remember(clientsByName, name, () => signIn(name));
    const signerOf = (name: string): Promise<Signer> =>
      remember(signersByName, name, async () => {
        const { body } = await (await as(name)).get<{ key: SigningKey }>('/v1/session/signing-key');
        return unlockSigningKey(body.key, passwordOf(name));
      });

    return {
      get server() {
        return server;
      },
      get url() {
        return server.url;
      },
      stateFolder,
      databaseUrl: database.url,
      downstream,
      startOptions,
      anonymous,
      as,
      passwordOf,
      signIn,
      signInWith,

      async addAccount(name, roles, groups = []) {
        const password = randomBytes(18).toString('base64url');
        const account = { name, kind: 'person', password, roles, groups, signing_key: await makeSigningKey(password) };
        const { status, body } = await (await as('admin')).post('/v1/accounts', account);
        if (status !== 201) throw new Error(`${name} cannot be made: ${JSON.stringify(body)}`);
        passwordsByName.set(name, password);
        return as(name);
      },

      async submit(input, by) {
        const { status, body } = await (by ?? (await as('analyst'))).post('/v1/runs', { workflow: WORKFLOW, input });
        if (status !== 201) throw new Error(`the run was not admitted: ${JSON.stringify(body)}`);
        return body;
      },

      async approvalOf(run) {
        const lead = await as('lead');
        for await (const { type, entry } of lead.events(run)) {
          if (type === 'approval.requested') return (await lead.get(`/v1/approvals/${entry.refs.approval}`)).body;
        }
        throw new Error(`the run ${run} ended without an approval`);
      },

      async ended(run) {
        const lead = await as('lead');
        for await (const _ of lead.events(run));
        return (await lead.get(`/v1/runs/${run}`)).body;
      },

      async verdict(name, { approval, digest }, verdict, over = {}) {
        const said = { verdict, approver: (await as(name)).principal.id, reason: 'I have read all of it.' };
        return signStatement({ approval, digest }, said, await signerOf(name), over);
      },

      async restart() {
        await server.stop('the test starts it again');
        server = await startServer(startOptions);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A copy of the test project's configuration, and of its cases, with changes; its workflows stay where they are. */
async function changedProject(stateFolder: string, changes: Partial<ProjectConfigInput>): Promise<string> {
  const folder = join(stateFolder, 'project');
  await cp(join(PROJECT, 'cases'), join(folder, 'cases'), { recursive: true });
  const workflows = config.workflows.map((path) => relative(folder, join(PROJECT, path)));
  const text = JSON.stringify({ ...config, workflows, ...changes });
  await writeFile(join(folder, 'portreeve.config.ts'), `export default ${text};\n`);
  return folder;
}

function remember<T>(known: Map<string, Promise<T>>, name: string, make: () => Promise<T>): Promise<T> {
  let found = known.get(name);
  if (!found) {
    found = make();
    known.set(name, found);
  }
  return found;
}
