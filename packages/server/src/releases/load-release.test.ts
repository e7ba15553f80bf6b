import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Digest, mcpConfigSchema, type ProjectConfig, systemClock } from '@portreeve/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildRelease } from '../check/releases.ts';
import { publicKeysByName, releasePublicKey } from '../config/keys.ts';
import { loadProject, type Project } from '../config/project.ts';
import { promptModule, soundProject, temporaryProject } from '../testing/temporary-project.ts';
import { loadRelease } from './load-release.ts';

const PROMPT = 'workflows/one/prompts/write-note.md';
const CHANGES = `{
  sources: sources.map((source) => ({ ...source, binding: { kind: 'http', url: 'system://downstream/cases', credential: 'case-reader' } })),
  tools: tools.map((tool) => ({ ...tool, binding: { ...tool.binding, credential: 'case-writer' } })),
}`;
const ENDPOINT = {
  ...{ name: 'cloud', kind: 'anthropic', model: 'claude-x', secret: 'model-key', where: 'public-cloud' },
  clearance: { confidentiality: 'internal' },
};

// A release comes from the register long after its project was checked: the house may be configured otherwise by then.
describe('what a release is held to when it is loaded', () => {
  let folders: string[];
  let project: Project;
  let built: { text: string; release: string };
  let load: (config: Partial<ProjectConfig>) => ReturnType<typeof loadRelease>;
  beforeAll(async () => {
    const state = await mkdtemp(join(tmpdir(), 'portreeve-state-'));
    const files = soundProject(CHANGES);
    const config = {
      ...{ environment: 'test', log_origin: 'portreeve.test/audit', workflows: ['workflows/one'], models: [ENDPOINT] },
      systems: { downstream: { url: 'https://cases.example' } },
    };
    const folder = await temporaryProject({
      ...files,
      [PROMPT]: files[PROMPT]!.replace('step: generate', 'step: generate\nmodel: claude-large'),
      'portreeve.config.ts': `export default ${JSON.stringify(config)};\n`,
    });
    folders = [state, folder];
    built = await buildRelease(folder, undefined, state);
    project = await loadProject(folder);
    const keys = publicKeysByName([await releasePublicKey(state)]);
    load = (over) =>
      loadRelease(built.text, built.release as Digest, {
        ...{ keys, root: join(state, 'releases'), clock: systemClock, onDisagreement: () => undefined },
        project: { ...project, config: { ...project.config, ...over } },
        systems: project.config.systems,
      });
  });
  afterAll(async () => {
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });

  test('it is loaded where nothing has changed', async () => {
    expect((await load({})).release).toBe(built.release);
  });

  test('I6: with a prompt that is a module, as what was written', async () => {
    const { [PROMPT]: _, ...files } = soundProject();
    const folder = await temporaryProject({
      ...files,
      [PROMPT.replace(/md$/, 'ts')]: promptModule('Write a note.'),
    });
    folders.push(folder);
    const typed = await buildRelease(folder, undefined, folders[0]!);
    const keys = publicKeysByName([await releasePublicKey(folders[0]!)]);
    const loaded = await loadRelease(typed.text, typed.release as Digest, {
      ...{ keys, root: join(folders[0]!, 'releases'), clock: systemClock, onDisagreement: () => undefined },
      project: await loadProject(folder),
      systems: project.config.systems,
    });
    expect(loaded.promptsByName.get('write-note')).toMatchObject({ body: 'Write a note.', file: 'write-note.ts' });
  });

  test('E9: not where a model’s key is what one of its tools has', async () => {
    const models = project.config.models.map((each) => ({ ...each, secret: 'case-writer' })) as ProjectConfig['models'];
    await expect(load({ models })).rejects.toMatchObject({
      code: 'misconfigured',
      detail: expect.stringContaining('names case-writer, the key of the model endpoint cloud'),
    });
  });

  test('D11: not where a server of tools has the credential that its source reads with', async () => {
    const server = { transport: 'http', url: 'https://tracker.example/mcp' };
    const upstream = { name: 'tracker', approvers: ['leads'], credential: 'case-reader', server };
    await expect(load({ mcp: mcpConfigSchema.parse({ upstreams: [upstream] }) })).rejects.toMatchObject({
      code: 'misconfigured',
      detail: expect.stringContaining('names case-reader, with which the upstream tracker may write'),
    });
  });

  test('E5: not where its prompt’s model has no price and there is a budget of money', async () => {
    await expect(load({ budgets: { ...project.config.budgets, month: { micros: 1 } } })).rejects.toMatchObject({
      code: 'misconfigured',
      detail: expect.stringContaining('asks for claude-large, and budgets.month'),
    });
  });
});
