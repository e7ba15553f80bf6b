import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Behaviour } from '@portreeve/model/simulated';
import { plainKeystore, startServer } from '@portreeve/server';
import { testDatabase } from '@portreeve/server/testing';
import { ROOT } from '../repository.ts';
import { type ListeningModel, startListeningModel } from './listening-model.ts';
import { type Answer, type Person, recordsOf, signIn } from './people.ts';
import { freePort, start, temporaryFolder, until } from './processes.ts';

type Name = 'analyst' | 'lead' | 'operator' | 'auditor';
const ENDED = ['completed', 'failed', 'refused', 'handed_off'];

/** An example with a real server, its own system in a process of its own, and a model that writes down what it hears. */
export interface ExampleHouse {
  readonly state: string;
  readonly url: string;
  /** Where the example's system listens. */
  readonly system: string;
  readonly model: ListeningModel;
  readonly people: Readonly<Record<Name, Person>>;
  /** What the system answers whoever may read it. */
  systemHas(path: string): Promise<Answer>;
  /** Starts a run and waits until it has ended or somebody is asked. */
  run(input: object): Promise<{ readonly run: string; readonly approval: string | null }>;
  ended(run: string): Promise<Answer>;
  /** The tools that a run has executed, in their order. */
  executed(run: string): Promise<string[]>;
  close(): Promise<void>;
}

export async function startExample(options: {
  readonly example: string;
  readonly system: string;
  readonly readSecret: string;
  readonly behaviour: Behaviour;
  /** Of the model's endpoint. */
  readonly categories: readonly string[];
}): Promise<ExampleHouse> {
  const { example, system, readSecret, behaviour, categories } = options;
  const readToken = `a-read-token-of-${system}`;
  const undo: (() => Promise<unknown>)[] = [];
  const folder = join(ROOT, 'examples', example);
  const model = await startListeningModel(behaviour);
  undo.push(() => model.close());
  const state = await temporaryFolder();
  const database = await testDatabase();
  undo.push(() => database.close());
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const data = join(state, system);
  await mkdir(data);
  await plainKeystore(state, 'development').set(readSecret, readToken);
  const readTokenFile = join(data, 'read-token');
  await writeFile(readTokenFile, readToken, { mode: 0o600 });
  const started = start(
    process.execPath,
    [
      join(folder, system, 'server.ts'),
      ...['--port', '0', '--data', data, '--issuer', 'urn:portreeve:development'],
      ...['--jwks', `${url}/.well-known/jwks.json`, '--read-token-file', readTokenFile],
    ],
    { keepInput: true },
  );
  const [, systemUrl = ''] = await started.printed(/"listening":"([^"]+)"/);
  const project = await temporaryFolder();
  const { model: name, url: base_url } = model;
  const config = {
    environment: 'development',
    workflows: [relative(project, join(folder, 'workflows', example))],
    models: [
      {
        ...{ name: 'claude', kind: 'anthropic', model: name, base_url, secret: 'anthropic-api-key' },
        where: 'public-cloud',
        clearance: { confidentiality: 'confidential', categories },
      },
    ],
  };
  await writeFile(join(project, 'portreeve.config.ts'), `export default ${JSON.stringify(config)};\n`);
  const server = await startServer({
    project,
    stateFolder: state,
    databaseUrl: database.url,
    port,
    modelKeys: { 'anthropic-api-key': 'sk-ant-a-key-that-only-this-test-knows' },
    systems: { [system]: { url: systemUrl, private: true } },
  });
  undo.push(() => server.stop('the test is over'));
  const as = (account: Name) => signIn(url, state, account);
  const people = {
    analyst: await as('analyst'),
    lead: await as('lead'),
    operator: await as('operator'),
    auditor: await as('auditor'),
  };

  const waitFor = (run: string, what: (now: Answer) => unknown): Promise<Answer> =>
    until(`run ${run}`, 30_000, async () => {
      const now = await people.analyst.get(`/v1/runs/${run}`);
      return what(now) ? now : null;
    });
  return {
    ...{ state, url, system: systemUrl, model, people },
    async systemHas(path) {
      const response = await fetch(systemUrl + path, { headers: { authorization: `Bearer ${readToken}` } });
      return response.json();
    },
    async run(input) {
      const { id, ...answer } = await people.analyst.post('/v1/runs', { workflow: example, input });
      if (typeof id !== 'string') throw new Error(JSON.stringify(answer));
      const now = await waitFor(id, ({ state: at, approval }) => approval || ENDED.includes(at));
      return { run: id, approval: now.approval };
    },
    ended: (run) => waitFor(run, ({ state: at }) => ENDED.includes(at)),
    async executed(run) {
      const records = await recordsOf(people.auditor, run);
      const intents = records.filter(({ entry }: Answer) => entry.type === 'execution.intent');
      return intents.map(({ payload }: Answer) => payload.data.tool);
    },
    async close() {
      for (const step of undo.splice(0).reverse()) await step();
    },
  };
}
