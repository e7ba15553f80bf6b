import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Json, systemClock } from '@portreeve/contract';
import { actRequest } from '@portreeve/policy/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { loadPolicies } from '../config/policies.ts';
import { loadProject } from '../config/project.ts';
import { soundProject, temporaryProject } from '../testing/temporary-project.ts';
import { checkProject } from './check-project.ts';
import { explainFile } from './explain-file.ts';
import { lintFolder, matrixOfFolder, testFolder } from './project-commands.ts';
import { replayAgainst } from './what-if.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

const DECISIONS = `cases:
  - { name: a run, request: { kind: admit }, outcome: permit }
  - { name: a note, request: { tool: { name: publish_note } }, outcome: approve }
`;
const SYSTEMS = `export default {
  environment: 'test', workflows: ['workflows/one'],
  systems: { downstream: { url: 'http://127.0.0.1:1', private: true } },
};\n`;

async function projectOf(files: Readonly<Record<string, string>> = {}, changes?: string): Promise<string> {
  const folder = await temporaryProject({
    ...soundProject(changes),
    'portreeve.config.ts': SYSTEMS,
    'workflows/one/tests/decisions.yaml': DECISIONS,
    ...files,
  });
  folders.push(folder);
  return folder;
}

const rule = (id: string, text: string) =>
  `@id("${id}") @code("test_rule") @reason("A rule.") @next("Ask.")\n${text}\n`;
const NEVER = rule('x.never', 'forbid (principal, action in Action::"act", resource);');
const statesOf = ({ checks }: Awaited<ReturnType<typeof checkProject>>) =>
  Object.fromEntries(checks.map(({ name, state }) => [name, state]));
const faultsOf = ({ checks }: Awaited<ReturnType<typeof checkProject>>) => checks.flatMap(({ faults }) => faults);

describe('C8: portreeve check', () => {
  test('a sound project is ok once its matrix is written, and says what it looked at', async () => {
    const folder = await projectOf();
    const before = await checkProject(folder);
    expect(statesOf(before)).toEqual({
      ...{ project: 'ok', systems: 'ok', policies: 'ok', tiers: 'ok', decisions: 'ok' },
      matrix: 'failed',
    });
    expect(faultsOf(before)).toMatchObject([
      { file: 'policy-matrix.txt', message: 'there is no reviewed matrix', fix: expect.stringContaining('--write') },
    ]);
    await matrixOfFolder(folder, { write: true });
    const report = await checkProject(folder);
    expect(report).toMatchObject({ ok: true, project: folder });
    expect(report.checks.map(({ name, detail }) => [name, detail])).toEqual([
      ['project', '1 workflow, 2 tools, 1 source, 1 prompt'],
      ['systems', '1 system'],
      ['policies', 'read and linted'],
      ['tiers', '2 tools against their tiers'],
      ['decisions', '2 of 2 hold'],
      ['matrix', 'policy-matrix.txt'],
    ]);
    expect(faultsOf(report)).toEqual([]);
  });

  test('what does not load skips all else, and says where and what to do', async () => {
    const scope = `{ contract: { ...contract, scope: { ...contract.scope, tools: ['gone'] } } }`;
    const report = await checkProject(await projectOf({}, scope));
    expect(statesOf(report)).toEqual({
      project: 'failed',
      ...{ systems: 'skipped', policies: 'skipped', tiers: 'skipped', decisions: 'skipped', matrix: 'skipped' },
    });
    expect(faultsOf(report)).toMatchObject([{ message: expect.stringContaining('gone') }]);
    const none = await checkProject('/nonexistent');
    expect(faultsOf(none)).toMatchObject([
      { message: expect.stringContaining('portreeve.config.ts'), fix: expect.any(String) },
    ]);
  });

  test('a system that nobody has configured', async () => {
    const report = await checkProject(
      await projectOf({
        'portreeve.config.ts': "export default { environment: 'test', workflows: ['workflows/one'] };\n",
      }),
    );
    expect(statesOf(report).systems).toBe('failed');
    expect(faultsOf(report)[0]).toMatchObject({ message: expect.stringContaining('system://downstream') });
  });

  test('a rule that does not hold is named with file and line, relative to the project', async () => {
    const report = await checkProject(
      await projectOf({ 'workflows/one/policies/action.cedar': `\n${NEVER.replace('"act"', '"actt"')}` }),
    );
    expect(statesOf(report)).toMatchObject({ policies: 'failed', tiers: 'skipped', matrix: 'skipped' });
    expect(faultsOf(report)).toContainEqual({
      file: 'workflows/one/policies/action.cedar',
      line: 2,
      severity: 'error',
      message: expect.stringMatching(/^rule x\.never: .*actt/),
      fix: expect.stringContaining('did you mean'),
    });
  });

  test('A1 C3: a tool that says less of itself than it does is named with the line of its tier', async () => {
    const tools = `export const loose = {\n  name: 'publish_note',\n  version: '1.0',\n  tier: 2,\n};\n`;
    const folder = await projectOf(
      { 'workflows/one/tools.ts': tools },
      `{ tools: tools.map((tool) => tool.name === 'publish_note' ? { ...tool, tier: 2 } : tool) }`,
    );
    const report = await checkProject(folder);
    expect(statesOf(report)).toMatchObject({ policies: 'ok', tiers: 'failed', decisions: 'skipped' });
    expect(faultsOf(report)).toContainEqual({
      file: 'workflows/one/tools.ts',
      line: 4,
      severity: 'error',
      message: 'the tool publish_note reaches outside parties, and its tier is 2',
      fix: 'Declare tier 3 (or 4).',
    });
    await expect(loadProject(folder).then((project) => loadPolicies(project, systemClock))).rejects.toMatchObject({
      code: 'policy_broken',
      detail: expect.stringContaining('tools.ts:4'),
    });
    expect(await lintFolder(folder)).toContainEqual(expect.objectContaining({ line: 4, severity: 'error' }));
  });

  test('A1 C3: nor may a tool for agents outside say less of itself, as a start would find too', async () => {
    const sound = await loadProject(await projectOf());
    const tool = sound.workflows[0]!.definition.tools.find(({ name }) => name === 'publish_note');
    const folder = await projectOf({
      'portreeve.config.ts': SYSTEMS.replace(
        /};\n$/,
        "mcp: { toolsets: [{ name: 'desk', approvers: ['x'], tools: 'tools.ts' }] },\n};\n",
      ),
      'tools.ts': `export default ${JSON.stringify([{ ...tool, name: 'notify', tier: 2 }])};\n`,
    });
    const report = await checkProject(folder);
    expect(statesOf(report)).toMatchObject({ policies: 'ok', tiers: 'failed', decisions: 'skipped' });
    expect(faultsOf(report)).toMatchObject([
      { severity: 'error', message: 'the tool notify reaches outside parties, and its tier is 2' },
    ]);
    await expect(loadProject(folder).then((project) => loadPolicies(project, systemClock))).rejects.toMatchObject({
      code: 'policy_broken',
    });
  });

  test('a golden decision that does not hold, a slip in one, and a file that is none', async () => {
    const wrong = `cases:\n  - { name: wrong, request: {tool: {name: publish_note}}, outcome: permit }\n  - { name: slip, request: { kind: admitt }, outcome: refuse }\n`;
    const report = await checkProject(await projectOf({ 'workflows/one/tests/more.yml': wrong }));
    expect(report.checks.find(({ name }) => name === 'decisions')).toMatchObject({
      state: 'failed',
      detail: '2 of 4 hold',
      faults: [
        {
          file: 'workflows/one/tests/more.yml',
          message: expect.stringMatching(/^wrong: the outcome is approve and not permit/),
        },
        { message: expect.stringMatching(/^slip: The request cannot be judged/) },
      ],
    });
    const broken = await checkProject(await projectOf({ 'workflows/one/tests/more.json': '{}' }));
    expect(faultsOf(broken)[0]?.message).toMatch(/more\.json: cases/);
  });

  test('no golden decisions are a warning and fail nothing', async () => {
    const folder = await projectOf({
      'workflows/one/tests/decisions.yaml': 'cases: [{ name: a, request: {}, outcome: permit }]',
    });
    await rm(join(folder, 'workflows/one/tests'), { recursive: true });
    await matrixOfFolder(folder, { write: true });
    const report = await checkProject(folder);
    expect(report.ok).toBe(true);
    expect(faultsOf(report)).toMatchObject([
      { severity: 'warning', message: expect.stringContaining('no golden decisions') },
    ]);
  });

  test('a matrix that is stale is told with the first line that differs, and what policy says there now', async () => {
    const folder = await projectOf();
    await matrixOfFolder(folder, { write: true });
    const file = join(folder, 'policy-matrix.txt');
    const text = await readFile(file, 'utf8');
    const at = text.split('\n').findIndex((line) => line.includes('approve:1'));
    await writeFile(file, text.replace('approve:1', 'permit   '));
    expect(faultsOf(await checkProject(folder))).toMatchObject([
      { file: 'policy-matrix.txt', line: at + 1, message: expect.stringContaining('approve:1') },
    ]);
    await writeFile(file, `${text}more\n`);
    expect((await checkProject(folder)).ok).toBe(false);
  });

  test('the project’s own policies and their golden decisions under policies/tests', async () => {
    const LAYERS = ['identity', 'data', 'action', 'environment'];
    const open = Object.fromEntries(
      LAYERS.map((layer) => [
        `policies/${layer}.cedar`,
        rule(`${layer}.open`, 'permit (principal, action, resource);'),
      ]),
    );
    const one =
      'cases: [{ name: never, request: { kind: api, operation: runs.submit, principal: { id: prn_a, kind: person, name: a, roles: [], groups: [], act: [] }, environment: { name: test, freezes: [], incident: false, maintenance: [], outages: [] } }, outcome: permit }]';
    const report = await checkProject(
      await projectOf({
        ...open,
        'policies/action.cedar': open['policies/action.cedar'] + NEVER,
        'policies/tests/own.yaml': one,
      }),
    );
    expect(report.checks.find(({ name }) => name === 'decisions')?.detail).toBe('2 of 3 hold');
  });
});

test('C8: a folder’s golden decisions and lint by themselves', async () => {
  const folder = await projectOf();
  expect(await testFolder(folder)).toMatchObject([
    {
      file: 'workflows/one/tests/decisions.yaml',
      results: [
        { name: 'a run', ok: true },
        { name: 'a note', ok: true },
      ],
    },
  ]);
  expect(await lintFolder(folder)).toEqual([]);
});

describe('C2: a request in a file is explained without a server', () => {
  test('as it is, or within a record; which rule decided and what would change it', async () => {
    const folder = await projectOf();
    const request = actRequest({
      workflow: { name: 'case-note', tools: ['publish_note'] },
      tool: { name: 'file_note', tier: 3 },
    });
    for (const asked of [request, { decision: {}, request }]) {
      await writeFile(join(folder, 'asked.json'), JSON.stringify(asked));
      const { decision, changes } = await explainFile(folder, join(folder, 'asked.json'));
      expect(decision.outcome).toBe('refuse');
      expect(decision.reasons.map(({ code }) => code)).toContain('out_of_scope');
      expect(changes.map(({ attribute }) => attribute)).toContain('context.workflow.tools');
    }
  });

  test.each(['', '[1', '7', 'null'])('%j is no request', async (text) => {
    const folder = await projectOf({ 'asked.json': text });
    await expect(explainFile(folder, join(folder, 'asked.json'))).rejects.toMatchObject({ code: 'bad_request' });
  });
});

describe('C7: recorded decisions against a candidate', () => {
  const lines = async (folder: string, end: boolean) => {
    const engine = loadPolicies(await loadProject(folder), systemClock);
    const request = actRequest({
      workflow: { name: 'case-note', tools: ['look_up_owner'] },
      tool: { name: 'look_up_owner', effect: 'read' },
      args: { case_id: 'CASE-1' },
    });
    const decision = engine.decide(request);
    return async () =>
      (async function* () {
        yield { record: '3', time: '2026-11-20T10:00:00Z', request, decision } as unknown as Json;
        if (end) yield { end: true };
      })();
  };

  test('a project, and a folder of policy files in the place of a project’s own', async () => {
    const folder = await projectOf();
    const same = await replayAgainst({ candidate: folder, project: '/nonexistent' }, await lines(folder, true));
    expect(same).toMatchObject({ total: 1, same: 1, changed_total: 0, cannot_judge: [] });

    const stricter = await projectOf({ 'workflows/one/policies/action.cedar': NEVER });
    expect(await replayAgainst({ candidate: stricter, project: folder }, await lines(folder, true))).toMatchObject({
      changes: { 'permit>refuse': 1 },
      changed: [{ record: '3', asked: 'act look_up_owner', rules: ['x.never'] }],
    });

    const LAYERS = ['identity', 'data', 'action', 'environment'];
    const files = Object.fromEntries(
      LAYERS.map((layer) => [`${layer}.cedar`, rule(`${layer}.open`, 'permit (principal, action, resource);')]),
    );
    const typed = rule(
      'x.case',
      'forbid (principal, action == Action::"act:look_up_owner", resource) when { context.args.case_id == "CASE-1" };',
    );
    const approval = rule(
      'x.tier',
      '@remedy("approval:$workflow:1")\nforbid (principal, action in Action::"act", resource) when { context.approval.count < 1 && resource.tier == 3 };',
    ).replace('@next("Ask.")\n', '');
    const candidate = await temporaryProject({
      ...files,
      'action.cedar': files['action.cedar'] + typed + approval,
      'tests/': '',
    });
    folders.push(candidate);
    expect(await replayAgainst({ candidate, project: folder }, await lines(folder, true))).toMatchObject({
      changed: [{ rules: ['x.case'] }],
    });
  });

  test('a stream that breaks off, or is none, gives no result', async () => {
    const folder = await projectOf();
    const both = { candidate: folder, project: folder };
    await expect(replayAgainst(both, await lines(folder, false))).rejects.toMatchObject({ code: 'unavailable' });
    const hostile = async () =>
      (async function* () {
        yield { record: -1 };
      })();
    await expect(replayAgainst(both, hostile)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('a candidate that could not start is not judged', async () => {
    const folder = await projectOf();
    const asked: string[] = [];
    const never = async () => {
      asked.push('lines');
      return (async function* () {})();
    };
    await expect(replayAgainst({ candidate: '/nonexistent', project: folder }, never)).rejects.toMatchObject({
      code: 'no_policy',
      next: 'Name a folder that holds policy layers (`*.cedar`), or a project.',
    });
    expect(asked).toEqual([]);
  });
});
