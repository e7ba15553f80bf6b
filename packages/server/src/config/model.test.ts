import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mcpConfigSchema, type ProjectConfigInput, projectConfigSchema, systemClock } from '@portreeve/contract';
import { localSharing } from '@portreeve/model';
import { afterEach, beforeEach, expect, test } from 'vitest';
import tools from '../testing/project/agents/tools.ts';
import { soundProject, temporaryProject } from '../testing/temporary-project.ts';
import { type Models, modelKeysOf, openModels } from './model.ts';
import { checkModelSecrets } from './model-secrets.ts';
import { loadProject } from './project.ts';
import { openSecrets, type Secrets, stateKeystore } from './secrets.ts';

let folder: string;
let keystore: Parameters<typeof stateKeystore>[0];
let secrets: Secrets;
const opened: Models[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portreeve-model-'));
  const production = projectConfigSchema.parse({ environment: 'production', workflows: ['x'] });
  keystore = { config: production, projectFolder: folder, stateFolder: folder };
  secrets = openSecrets({ ...keystore, clock: systemClock });
});
afterEach(async () => {
  for (const model of opened.splice(0)) await model.close();
  await rm(folder, { recursive: true, force: true });
});

type Endpoint = NonNullable<ProjectConfigInput['models']>[number];
const CLOUD = {
  ...{ name: 'cloud', kind: 'anthropic', model: 'claude-test-1', secret: 'anthropic-api-key', where: 'public-cloud' },
  clearance: { confidentiality: 'internal' },
} as const satisfies Endpoint;
const INSIDE: Endpoint = {
  ...{ ...CLOUD, name: 'inside', model: 'claude-test-2', secret: 'inside-key', where: 'inside' },
  base_url: 'http://127.0.0.1:9',
  clearance: { confidentiality: 'restricted', categories: ['personal', 'customer'] },
};

async function openAll(
  environment: ProjectConfigInput['environment'],
  environmentKey?: string,
  models: NonNullable<ProjectConfigInput['models']> = [CLOUD],
) {
  const config = projectConfigSchema.parse({ environment, workflows: ['x'], models });
  const all = await openModels({
    ...{ config, secrets, clock: systemClock, health: () => undefined },
    keys: modelKeysOf({ ANTHROPIC_API_KEY: environmentKey }),
    at: (path) => join(folder, path),
    shared: localSharing(systemClock),
  });
  opened.push(all);
  return all.endpoints;
}
const open = async (...from: Parameters<typeof openAll>) => (await openAll(...from))[0];

test('J1: without a key the model is simulated, and says so', async () => {
  expect(await openAll('development', undefined, [CLOUD, INSIDE])).toMatchObject([
    { simulated: true, name: 'simulated', where: 'inside' },
  ]);
});

test('J1: with a key it is Claude, with no other change', async () => {
  expect(await open('development', 'sk-test')).toMatchObject({
    simulated: false,
    name: 'cloud',
    where: 'public-cloud',
    clearance: { confidentiality: 'internal', categories: [] },
    model: 'claude-test-1',
  });
});

test('D10: endpoints keep their order, and each has its own key', async () => {
  await stateKeystore(keystore).set('inside-key', 'sk-inside');
  const endpoints = await openAll('development', 'sk-test', [INSIDE, CLOUD]);
  expect(endpoints.map(({ name, where }) => [name, where])).toEqual([
    ['inside', 'inside'],
    ['cloud', 'public-cloud'],
  ]);
});

test('D10: an endpoint without its key is named, and no other takes its place in silence', async () => {
  await expect(openAll('development', 'sk-test', [CLOUD, INSIDE])).rejects.toMatchObject({
    code: 'misconfigured',
    detail: 'There is no inside-key in the secret store, for the endpoint inside.',
  });
});

test('production never runs on the simulated model', async () => {
  await expect(open('production')).rejects.toMatchObject({
    code: 'misconfigured',
    detail: expect.stringContaining('anthropic-api-key'),
    next: expect.stringContaining('store the key'),
  });
});

test('E9: production takes the key from the secret store and not from the environment', async () => {
  await stateKeystore(keystore).set('anthropic-api-key', 'sk-stored');
  expect((await open('production')).simulated).toBe(false);
  const error = await open('production', 'sk-in-the-environment').catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'misconfigured', detail: 'ANTHROPIC_API_KEY is set in production.' });
  expect(String(error)).not.toContain('sk-in');
});

test('simulated endpoints can be named, and never in production', async () => {
  const drill: Endpoint = {
    ...{ name: 'drill', kind: 'simulated', behaviour: 'worst-case', where: 'inside' },
    clearance: { confidentiality: 'internal' },
  };
  expect(await openAll('development', 'sk-test', [CLOUD, drill])).toMatchObject([
    { name: 'cloud', simulated: false },
    { name: 'drill', simulated: true, clearance: { confidentiality: 'internal' } },
  ]);
  await expect(openAll('production', undefined, [drill])).rejects.toMatchObject({
    detail: 'The endpoint drill is simulated, in production.',
  });
});

test('E9: an endpoint has one credential, and a cloud\u2019s has at least one', () => {
  const { secret: _, ...keyless } = CLOUD;
  const federation = { token_file: 'token', rule: 'fdrl_1', organization: 'org' };
  const messages = (endpoint: unknown) =>
    projectConfigSchema
      .safeParse({ workflows: ['x'], models: [endpoint] })
      .error?.issues.map(({ message }) => message) ?? [];
  expect(messages(keyless)).toEqual(['has no credential: give `secret`, or `federation`']);
  expect(messages({ ...CLOUD, federation })).toEqual([
    'has more than one credential: give one of `secret`, `federation` and `auth`',
  ]);
  expect(messages({ ...keyless, federation })).toEqual([]);
  expect(messages({ ...keyless, kind: 'bedrock', region: 'eu-central-1' })).toEqual([
    'has no credential: give `secret`, or `auth`',
  ]);
  expect(messages({ ...keyless, kind: 'foundry', secret: 'k' })).toEqual(['give either `resource` or `base_url`']);
  expect(messages({ ...keyless, kind: 'openai-compatible', base_url: 'http://127.0.0.1:9/v1' })).toEqual([]);
});

const UPSTREAM = {
  ...{ name: 'tracker', approvers: ['x'], server: { transport: 'http' as const, url: 'https://tracker.example/mcp' } },
};

test('E9: a tool cannot have the credential of the reasoner', () => {
  const { models } = projectConfigSchema.parse({ workflows: ['x'], models: [CLOUD] });
  const tool = (credential: string) => ({ name: 'pay', binding: { kind: 'http', credential } }) as never;
  const check = (credential: string, more?: object) => {
    const { upstreams } = mcpConfigSchema.parse({ upstreams: more ? [{ ...UPSTREAM, ...more }] : [] });
    return () => checkModelSecrets(models, [{ tools: [tool(credential)], sources: [] }], upstreams);
  };
  expect(check('bank-token', { credential: 'tracker-token' })).not.toThrow();
  expect(check('anthropic-api-key')).toThrow(/pay names anthropic-api-key, the key of the model endpoint cloud/);
  expect(check('bank-token', { credential: 'anthropic-api-key' })).toThrow(
    /The upstream tracker names anthropic-api-key, the key of the model endpoint cloud/,
  );
  const exchange = {
    ...{ token_endpoint: 'https://x/token', audience: 'a', client_id: 'c', client_secret: 'anthropic-api-key' },
  };
  expect(check('bank-token', { credentials: { exchange } })).toThrow(/The upstream tracker names/);
});

test('E9: nor can a tool for agents outside: the project is not loaded', async () => {
  const desk = tools.map((tool) => ({ ...tool, binding: { ...tool.binding, credential: 'anthropic-api-key' } }));
  const toolset = { name: 'desk', approvers: ['x'], tools: 'tools.ts' };
  const loaded = async (models: readonly Endpoint[]) => {
    const config = {
      ...{ environment: 'test', log_origin: 'portreeve.test/audit', workflows: ['workflows/one'] },
      ...{ models, mcp: { toolsets: [toolset] } },
    };
    const project = await temporaryProject({
      ...soundProject(),
      'portreeve.config.ts': `export default ${JSON.stringify(config)};\n`,
      'tools.ts': `export default ${JSON.stringify(desk)};\n`,
    });
    return loadProject(project).finally(() => rm(project, { recursive: true, force: true }));
  };
  await expect(loaded([CLOUD])).rejects.toThrow(/names anthropic-api-key, the key of the model endpoint cloud/);
  expect((await loaded([{ ...CLOUD, secret: 'key-of-the-model' }])).toolsets).toHaveLength(1);
});
