import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { releaseReportSchema } from '@portreeve/contract';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { PROJECT } from '../testing/server.ts';
import { temporaryProject, workflowText } from '../testing/temporary-project.ts';
import { junitOf, runWorkflowTests } from './index.ts';

/** The test project's workflow as an author writes it: parts are taken with `at` of the SDK, which tests can follow. */
const WORKFLOW = `import { at } from ${JSON.stringify(import.meta.resolve('@portreeve/sdk'))};
${workflowText(`{
  async run({ input, read, ask, act }) {
    const { case_id } = input;
    const events = await read('case-events', { case_id });
    const note = await ask('write-note', { case_id, events: events.evidence });
    const args = { case_id, note: at(note, '/note'), evidence: at(note, '/evidence') };
    const outcome = await act('publish_note', args, { rationale: 'It was asked for.', evidence: events.evidence });
    return { case_id, status: outcome.status };
  },
}`)}`;

// Each case loads a project and its policies anew.
vi.setConfig({ testTimeout: 180_000 });

let folder = '';
afterEach(() => rm(folder, { recursive: true, force: true }));

async function tested(files: Readonly<Record<string, string>>, declaredOnly = true) {
  folder = await temporaryProject({
    'portreeve.config.ts':
      "export default { environment: 'test', log_origin: 'portreeve.test/audit', workflows: ['workflows/one'] };\n",
    'workflows/one/workflow.ts': WORKFLOW,
    'workflows/one/prompts/write-note.md': await readFile(
      join(PROJECT, 'workflows/case-note/prompts/write-note.md'),
      'utf8',
    ),
    ...Object.fromEntries(Object.entries(files).map(([name, text]) => [`workflows/one/tests/${name}`, text])),
  });
  const [only] = await runWorkflowTests(folder, { declaredOnly });
  return only!.report;
}
const one = (more: object, expected: object) =>
  JSON.stringify({
    tests: [
      {
        ...{ name: 'a note', input: { case_id: 'CASE-1' } },
        sources: { 'case-events': [{ at: '10:00', message: 'cleared', secret: 'never seen' }] },
        answers: { 'write-note': { note: 'It was cleared.', evidence: ['{{events.1}}'] } },
        actions: { publish_note: { status: 'succeeded', result: { revision: 1 } } },
        ...more,
        expect: expected,
      },
    ],
  });
const detailOf = async (more: object, expected: object) =>
  (await tested({ 'a.test.yaml': one(more, expected) })).cases[0];

describe('H5: declared cases run the workflow’s code and the real policy', () => {
  test('what is as expected passes: reads, questions, actions with label and decision, result', async () => {
    const expected = {
      ...{ reads: ['case-events'], asks: ['write-note'], result: { status: 'succeeded' } },
      acts: [
        {
          ...{ tool: 'publish_note', args: { case_id: 'CASE-1', note: 'It was cleared.' }, status: 'succeeded' },
          label: { integrity: 'untrusted', confidentiality: 'internal' },
          ...{
            decision: 'approve',
            rules: [
              'action.irreversible-approval',
              'action.tier-3-approval',
              'data.untrusted-influence',
              'data.unreviewed-step',
            ],
          },
        },
      ],
    };
    const report = await tested({ 'a.test.yaml': one({}, expected) });
    expect(report.cases).toEqual([
      { name: 'a note', group: 'workflows/one/tests/a.test.yaml', ok: true, detail: null },
    ]);
    expect(releaseReportSchema.parse(report)).toMatchObject({
      ...{ kind: 'tests', workflow: 'case-note', ok: true },
      figures: { cases: 1, failed: 0, declared: 1, golden: 0, code: 0 },
    });
  });

  test.each([
    [
      'an argument',
      {},
      { acts: [{ tool: 'publish_note', args: { case_id: 'CASE-2' } }] },
      'acts/0/args/case_id is "CASE-1"',
    ],
    ['a label', {}, { acts: [{ tool: 'publish_note', label: { integrity: 'trusted' } }] }, 'acts/0/label/integrity'],
    [
      'what policy says',
      {},
      { acts: [{ tool: 'publish_note', decision: 'permit' }] },
      'policy says approve and not permit',
    ],
    ['the rules', {}, { acts: [{ tool: 'publish_note', rules: ['action.tier-3'] }] }, 'acts/0/rules'],
    ['an action that was not made', {}, { acts: [] }, 'the actions are ["publish_note"]'],
    ['a read', {}, { reads: [] }, 'reads has 1 items and not 0'],
    ['the result', {}, { result: { status: 'denied' } }, 'result/status is "succeeded"'],
    ['how it ends', {}, { status: 'refused' }, 'it is completed and not refused'],
    ['an answer that no model could give', { answers: { 'write-note': { note: '' } } }, {}, 'does not fit its prompt'],
    [
      'evidence that is not there',
      { answers: { 'write-note': { note: 'x', evidence: ['{{events.7}}'] } } },
      {},
      'no such piece',
    ],
    ['nothing laid down for a tool', { actions: {} }, {}, 'the test says nothing under actions'],
  ] as const)('another %s fails, and says what differs', async (_what, more, expected, detail) => {
    const found = await detailOf(more, expected);
    expect(found?.ok).toBe(false);
    expect(found?.detail).toContain(detail);
  });

  test('people deny, or say nothing; policy refuses: nothing is carried out', async () => {
    for (const [said, status] of [
      ['deny', 'denied'],
      ['time-out', 'denied'],
    ] as const)
      expect(
        await detailOf(
          { approvals: { publish_note: said } },
          { acts: [{ tool: 'publish_note', decision: 'approve', status }] },
        ),
      ).toMatchObject({ ok: true });
    const frozen = { environment: { freezes: ['tool:publish_note'] } };
    expect(
      await detailOf(frozen, { acts: [{ tool: 'publish_note', decision: 'refuse', status: 'refused' }] }),
    ).toMatchObject({ ok: true });
    expect(await detailOf({ environment: { freezes: ['all'] } }, { status: 'refused', acts: [] })).toMatchObject({
      ok: true,
    });
  });

  test('a simulated answer fits the schema and cites what was shown', async () => {
    const more = { answers: { 'write-note': 'simulated' } };
    expect(await detailOf(more, { acts: [{ tool: 'publish_note', status: 'succeeded' }] })).toMatchObject({
      ok: true,
      detail: null,
    });
  });

  test('the same case gives the same report but for its times, and takes milliseconds', async () => {
    const texts = [];
    for (let n = 0; n < 2; n++) {
      const { started: _s, ended: _e, ...report } = await tested({ 'a.test.yaml': one({}, {}) });
      texts.push(JSON.stringify(report));
    }
    expect(texts[0]).toBe(texts[1]);
  });

  test('a file that is no file of cases is named with its field', async () => {
    await expect(tested({ 'a.test.yaml': 'tests: [{ name: x, input: {} }]' })).rejects.toMatchObject({
      code: 'bad_request',
      detail: expect.stringContaining('tests[0].expect'),
    });
  });
});

test('H5: golden decisions count, and a workflow without any test is not green', async () => {
  const golden = 'cases: [{ name: notes, request: { tool: { name: publish_note } }, outcome: permit }]\n';
  const report = await tested({ 'decisions.yaml': golden });
  expect(report).toMatchObject({ ok: false, figures: { golden: 1, failed: 1 } });
  expect(await tested({})).toMatchObject({ ok: false, figures: { cases: 0 } });
});

describe('H5: test files', () => {
  test('without vitest they run by Node, each test a case', async () => {
    const report = await tested(
      {
        'code.test.ts': `import test from 'node:test';
test('holds', () => {});
test('does not', () => { throw new Error('because'); });
`,
        'empty.test.ts': 'export {};\n',
        'broken.test.ts': "import './no-such-file.ts';\n",
      },
      false,
    );
    expect(report.cases.filter(({ group }) => group.endsWith('code.test.ts'))).toMatchObject([
      { name: 'holds', ok: true, detail: null },
      { name: 'does not', ok: false, detail: 'because' },
    ]);
    for (const name of ['broken.test.ts'])
      expect(report.cases.find(({ group }) => group.endsWith(name))).toMatchObject({ ok: false });
  });

  test('those that import vitest fail where the project has none, and say so', async () => {
    const report = await tested({ 'code.test.ts': "import { test } from 'vitest';\ntest('x', () => {});\n" }, false);
    expect(report.cases).toMatchObject([{ ok: false, detail: expect.stringContaining('npm install -D vitest') }]);
  });
});

test('JUnit: one suite a workflow, whatever the names are made of', async () => {
  const report = await tested({ 'a.test.yaml': one({ name: 'a <note> & "more"' }, { reads: [] }) });
  const xml = junitOf([report]);
  await writeFile(join(folder, 'junit.xml'), xml);
  expect(xml).toContain('<testsuite name="case-note" tests="1" failures="1"');
  expect(xml).toContain('name="a &#60;note&#62; &#38; &#34;more&#34;"');
  expect(xml).not.toMatch(/<note>/);
});
