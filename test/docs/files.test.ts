import { cp, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parsePrompt } from '@portreeve/context';
import { compileSchema, testAnswerSchema } from '@portreeve/contract';
import { packsIn } from '@portreeve/govern';
import { loadProject, testFolder } from '@portreeve/server';
import { runWorkflowTests } from '@portreeve/server/workflow-tests';
import { afterAll, expect, test } from 'vitest';
import { ROOT } from '../repository.ts';
import { cleanUp } from '../support/processes.ts';
import { type Block, blocks, projectOf } from './blocks.ts';
import { copyOf, put, putAround } from './reader-project.ts';

afterAll(cleanUp);

/** Blocks that are a whole file of a project: they are put into a copy of it. */
const files = blocks.flatMap((block) => {
  const path = block.words.get('in');
  return path?.includes('/') ? [{ ...block, path, ...projectOf(path) }] : [];
});
const rules = files.filter(({ language }) => language === 'cedar');
const cases = files.filter(({ path }) => /\/tests\/[^/]+\.yaml$/.test(path));
const packs = files.filter(({ path }) => path.includes('/redteam/'));

test('J6: every file of a project that the documentation shows is tried in one of these ways', () => {
  expect(rules.length).toBeGreaterThanOrEqual(3);
  expect([...rules, ...cases, ...packs].map(({ path }) => path).sort()).toEqual(files.map(({ path }) => path).sort());
});

const inPlace = async ({ project, inside, text }: (typeof files)[number]) => {
  const folder = await copyOf(project);
  return { folder, file: await put(folder, inside, text) };
};

/** What the page says that a rule does, as golden decisions: `test/docs/around/decisions/NAME.yaml`. */
test.each(rules)('J6: the rule $inside validates, and decides as $file says', async (rule) => {
  const { folder } = await inPlace(rule);
  const asked = `${basename(rule.inside, '.cedar')}.yaml`;
  const tests = join(dirname(rule.inside), '../tests', `asked-${asked}`);
  await cp(join(ROOT, 'test/docs/around/decisions', asked), join(folder, tests));
  const results = (await testFolder(folder)).find(({ file }) => file === tests)?.results ?? [];
  expect(results.length).toBeGreaterThanOrEqual(2);
  expect(results.filter(({ ok }) => !ok)).toEqual([]);
});

test.each(cases)('J6: the tests $inside of $file hold', async (block) => {
  const { folder } = await inPlace(block);
  const [tested] = await runWorkflowTests(folder, { declaredOnly: true });
  const own = tested!.report.cases.filter(({ group }) => group === block.inside);
  expect(own.length).toBeGreaterThan(0);
  expect(own.filter(({ ok }) => !ok)).toEqual([]);
});

test.each(packs)('J6: the pack of $file is one, and fits its workflow', async (block) => {
  const { folder, file } = await inPlace(block);
  const [pack] = await packsIn(dirname(file));
  const { contract } = (await loadProject(folder)).workflows[0]!.definition;
  expect(pack!.attacks.length).toBeGreaterThan(0);
  for (const { input, sources, tools } of pack!.cases) {
    expect(compileSchema(contract.input)(input)).toEqual([]);
    expect(contract.scope.sources).toEqual(expect.arrayContaining(Object.keys(sources)));
    expect(contract.scope.tools).toEqual(expect.arrayContaining(Object.keys(tools)));
  }
  // Figures have the names that the page's own table gives them.
  const page = await readFile(join(ROOT, block.file), 'utf8');
  for (const figure of Object.keys(pack!.thresholds)) expect(page).toContain(`\`${figure}\``);
});

const only = (name: string): Block => {
  const found = blocks.filter(({ words }) => words.get('in') === name);
  expect(found).toHaveLength(1);
  return found[0]!;
};

test('J6: the head of a planner’s prompt is one', async () => {
  const { contract } = parsePrompt(await putAround('planner.md', only('planner').text), 'plan-reply.md');
  expect(contract.inputs).toMatchObject([{ name: 'mail', handle: true }]);
});

test('J6: the recorded answer of a step is one', () => {
  expect(testAnswerSchema.parse(JSON.parse(only('test-answer').text))).toEqual({ confidence: 90, right: true });
});
