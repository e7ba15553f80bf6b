import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isPortreeveError, type PortreeveError } from '@portreeve/contract';
import { afterEach, describe, expect, test } from 'vitest';
import { PROJECT } from '../testing/server.ts';
import { promptModule, soundProject, temporaryProject, workflowText } from '../testing/temporary-project.ts';
import { bindSource, checkSystems } from './bind-systems.ts';
import { loadProject, type Project } from './project.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function load(files: Readonly<Record<string, string>>): Promise<Project> {
  const folder = await temporaryProject(files);
  folders.push(folder);
  return loadProject(folder);
}

async function refusal(files: Readonly<Record<string, string>>): Promise<PortreeveError> {
  const error = await load(files).catch((thrown: unknown) => thrown);
  if (!isPortreeveError(error, 'misconfigured')) throw new Error('it was not refused as it should', { cause: error });
  return error;
}

describe('a project', () => {
  test('A1: is its configuration and its workflows, each with contract, tools, sources, prompts and release', async () => {
    const { config, workflows } = await loadProject(PROJECT);
    expect(config).toMatchObject({ environment: 'test', log_origin: 'portreeve.test/audit', systems: {} });
    expect(workflows).toHaveLength(1);
    const [workflow] = workflows;
    expect(workflow!.definition.contract.name).toBe('case-note');
    expect([...workflow!.promptsByName.keys()]).toEqual(['write-note']);
    expect(workflow!.files.map((file) => file.path)).toEqual([
      'ACCEPTABLE_USE.md',
      'policies/action.cedar',
      'prompts/write-note.md',
      'tools.ts',
      'workflow.ts',
    ]);
    expect(workflow!.release).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  test('INV9: the release changes with any file of the workflow, and with nothing else', async () => {
    const files = soundProject();
    const releaseOf = async (more: Record<string, string>) => (await load({ ...files, ...more })).workflows[0]!.release;
    const release = await releaseOf({});
    expect(await releaseOf({})).toBe(release);
    expect(await releaseOf({ 'README.md': 'beside the workflow' })).toBe(release);
    expect(await releaseOf({ 'workflows/one/ACCEPTABLE_USE.md': 'No harm.' })).not.toBe(release);
    const prompt = `${files['workflows/one/prompts/write-note.md']} `;
    expect(await releaseOf({ 'workflows/one/prompts/write-note.md': prompt })).not.toBe(release);
  });
});

test('D1 I6: a prompt may be a module: the same prompt, in the release as every file', async () => {
  const { 'workflows/one/prompts/write-note.md': written, ...files } = soundProject();
  const typed = async (text: string) =>
    (await load({ ...files, 'workflows/one/prompts/write-note.ts': promptModule(text) })).workflows[0]!;
  const [before] = (await load({ ...files, 'workflows/one/prompts/write-note.md': written! })).workflows;
  const workflow = await typed('Write a note.');
  const { contract, body } = before!.promptsByName.get('write-note')!;
  expect(workflow.promptsByName.get('write-note')).toMatchObject({ contract, body, file: 'write-note.ts' });
  expect(workflow.manifest.files).toContainEqual(
    expect.objectContaining({ path: 'prompts/write-note.ts', kind: 'prompt' }),
  );
  const other = await typed('Write a short note.');
  expect(other.release).not.toBe(workflow.release);
  const digestOf = ({ promptsByName }: typeof workflow) => promptsByName.get('write-note')!.digest;
  expect(digestOf(other)).not.toBe(digestOf(workflow));
  const error = await refusal({ ...files, 'workflows/one/prompts/write-note.ts': promptModule('For {{nobody}}.') });
  expect(error.detail).toContain('{{nobody}} is not among the declared inputs');
});

test('J2: a workflow that finds another copy of Portreeve than runs it is refused before any run is', async () => {
  const other = 'workflows/one/node_modules/@portreeve';
  const named = (name: string) => JSON.stringify({ name, version: '9.9.9', exports: './index.js' });
  const error = await refusal({
    ...soundProject(),
    [`${other}/sdk/package.json`]: named('@portreeve/sdk'),
    [`${other}/sdk/index.js`]: '',
    [`${other}/contract/package.json`]: named('@portreeve/contract'),
    [`${other}/contract/index.js`]: '',
  });
  expect(error.detail).toMatch(/workflow\.ts takes @portreeve\/sdk from another copy/);
  expect(error.next).toContain('npm ls @portreeve/contract');
});

describe('a configuration that is not one', () => {
  test('no file: it says where it looked and what to do', async () => {
    const error = await refusal({});
    expect(error.detail).toContain(folders[0]);
    expect(error.next).toContain('--demo');
  });

  const config = (text: string) => ({ ...soundProject(), 'portreeve.config.ts': text });
  test.each<[string, string, string | null]>([
    ['no default export', 'export const config = {};', ''],
    ['an unknown field', "export default { workflows: ['workflows/one'], polices: 'x' };", ''],
    ['a wrong environment', "export default { workflows: ['workflows/one'], environment: 'prod' };", 'environment'],
    ['no workflow', 'export default { workflows: [] };', 'workflows'],
    [
      'a system without http',
      "export default { workflows: ['workflows/one'], systems: { a: { url: 'file:///etc/passwd' } } };",
      'systems.a.url',
    ],
    ['a syntax error', 'export default {', null],
    ['an exception', "throw new Error('boom'); export default {};", null],
  ])('%s', async (_name, text, path) => {
    const error = await refusal(config(text));
    expect(error.detail).toContain('portreeve.config.ts');
    if (path !== null) expect(error.errors.map((field) => field.path)).toContain(path);
  });
});

describe('a workflow that is not one', () => {
  const workflow = (changes: string) => refusal(soundProject(changes));

  test('a folder without a workflow', async () => {
    const files = soundProject();
    delete files['workflows/one/workflow.ts'];
    expect((await refusal(files)).detail).toContain(join('workflows', 'one', 'workflow.ts'));
  });

  test.each(['export const workflow = {};', 'export default 7;', 'export default { contract: {} };'])(
    'a file that exports none: %s',
    async (text) => {
      const error = await refusal({ ...soundProject(), 'workflows/one/workflow.ts': text });
      expect(error.detail).toContain('exports no workflow');
      expect(error.next).toContain('defineWorkflow');
    },
  );

  test.each<[string, string, RegExp]>([
    ['no code', '{ run: 7 }', /exports no workflow/],
    ['another contract', '{ contract: { ...contract, title: 7 } }', /title .*expected string/],
    ['no tools', '{ tools: undefined }', /tools/],
    ['no sources', "{ sources: 'case-events' }", /sources/],
  ])('%s', async (_name, changes, detail) => {
    expect((await workflow(changes)).detail).toMatch(detail);
  });

  test.each<[string, string, RegExp]>([
    [
      'a tool that does not exist',
      "{ contract: { ...contract, scope: { ...contract.scope, tools: [...contract.scope.tools, 'send_money'] } } }",
      /declares tools that do not exist: send_money/,
    ],
    [
      'a source that does not exist',
      "{ contract: { ...contract, scope: { ...contract.scope, sources: ['payroll'] } } }",
      /declares sources that do not exist: payroll/,
    ],
    [
      'a prompt that does not exist',
      "{ contract: { ...contract, scope: { ...contract.scope, prompts: ['write-note', 'persuade'] } } }",
      /declares prompts that do not exist: persuade/,
    ],
    [
      'a tool that is there and not declared',
      "{ tools: [...tools, { ...tools[0], name: 'send_money' }] }",
      /tools that the scope does not declare: send_money/,
    ],
    [
      'a source that is there and not declared',
      "{ sources: [...sources, { ...sources[0], name: 'payroll' }] }",
      /sources that the scope does not declare: payroll/,
    ],
    ['two tools of one name', '{ tools: [...tools, { ...tools[0], tier: 4 }] }', /two tools are called look_up_owner/i],
  ])('A3: %s', async (_name, changes, detail) => {
    expect((await workflow(changes)).detail).toMatch(detail);
  });

  test('A3: a prompt that is there and not declared', async () => {
    const files = soundProject();
    const text = files['workflows/one/prompts/write-note.md']!;
    const error = await refusal({ ...files, 'workflows/one/prompts/other.md': text.replace('write-note', 'other') });
    expect(error.detail).toMatch(/prompts that the scope does not declare: other/);
  });

  test('F2: a tool that its contract does not allow, also when no SDK has made it', async () => {
    const error = await workflow("{ tools: [{ ...tools[0], name: 'manage_everything' }, tools[1]] }");
    expect(error.detail).toMatch(/workflow\.ts: tools\[0\]\.name the name is too broad/);
    expect(error.errors.map((field) => field.path)).toContain('tools[0].name');
    expect((await workflow('{ tools: [tools[0], { ...tools[1], tier: 0 }] }')).errors[0]?.path).toBe('tools[1].tier');
  });

  test('F2: a dry run that is not there, or has effects', async () => {
    const offering = (name: string) =>
      `{ tools: [tools[0], { ...tools[1], dry_run: { by: 'tool', tool: '${name}' } }] }`;
    expect((await workflow(offering('gone'))).detail).toMatch(/publish_note\.dry_run: gone is no tool of the workflow/);
    expect((await workflow(offering('publish_note'))).detail).toMatch(
      /publish_note\.dry_run: publish_note has effects/,
    );
    const back = "{ tools: [tools[0], { ...tools[1], dry_run: { by: 'rollback' } }] }";
    expect((await workflow(back)).detail).toMatch(/dry_run: only a PostgreSQL statement that writes can be taken back/);
  });

  test('what a contract leaves out is filled in', async () => {
    const { workflows } = await load(
      soundProject('{ contract: { ...contract, approval_timeout_minutes: undefined } }'),
    );
    expect(workflows[0]!.definition.contract.approval_timeout_minutes).toBe(24 * 60);
  });

  test('a source without limits', async () => {
    const error = await workflow('{ sources: [{ ...sources[0], limits: undefined }] }');
    expect(error.errors.map((field) => field.path)).toContain('sources[0].limits');
  });

  test('two workflows of one name', async () => {
    const files = soundProject();
    const error = await refusal({
      ...files,
      'portreeve.config.ts': "export default { workflows: ['workflows/one', 'workflows/two'] };",
      'workflows/two/workflow.ts': workflowText(),
      'workflows/two/prompts/write-note.md': files['workflows/one/prompts/write-note.md']!,
    });
    expect(error.detail).toBe('Two workflows are called case-note.');
  });

  test('D1: a prompt that is broken is named with its line', async () => {
    const error = await refusal({
      ...soundProject(),
      'workflows/one/prompts/write-note.md': '---\nid: 7\n---\n\nHello.',
    });
    expect(error.detail).toMatch(/write-note\.md:2: id/);
  });

  test('no folder of prompts', async () => {
    const files = soundProject();
    delete files['workflows/one/prompts/write-note.md'];
    expect((await refusal(files)).detail).toMatch(/prompts of case-note/);
  });
});

test('a contract that names a system which is not configured is refused', async () => {
  const { definition } = (await loadProject(PROJECT)).workflows[0]!;
  const systems = { downstream: { url: 'https://cases.example/api/', private: false } };
  expect(() => checkSystems(definition, systems)).not.toThrow();
  for (const none of [{}, Object.create(systems)])
    expect(() => checkSystems(definition, none)).toThrow(/system:\/\/downstream\/.* no such system is configured/);

  const logs = (url: string) => ({ ...definition.sources[0]!, binding: { kind: 'http' as const, url } });
  expect(() => checkSystems({ tools: [], sources: [logs('system://nowhere/logs')] }, systems)).toThrow(/nowhere/);
  expect(bindSource(logs('system://downstream/logs'), systems).binding).toMatchObject({
    url: 'https://cases.example/api/logs',
  });
});

test('a file that is added while the release is read does not matter afterwards', async () => {
  const { folder, workflows } = await load(soundProject());
  await writeFile(join(folder, 'workflows/one/late.txt'), 'late');
  expect(workflows[0]!.files.map((file) => file.path)).not.toContain('late.txt');
});
