import { cp, readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { loadPrompts } from '@portreeve/context';
import { projectConfigSchema, type WorkflowDefinition } from '@portreeve/contract';
import type { DefinedPrompt } from '@portreeve/sdk';
import { testWorkflow, type WorkflowTest } from '@portreeve/sdk/testing';
import { loadProject } from '@portreeve/server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../repository.ts';
import { cleanUp, type Ended, start } from '../support/processes.ts';
import { type Block, blocks, placeOf } from './blocks.ts';
import { put, putAround, readerProject } from './reader-project.ts';

/** A block, or a line of one whose lines are alternatives, with the file that it becomes. */
interface Piece {
  readonly place: string;
  readonly text: string;
  /** What stands around it: a file, or a folder with a workflow, of `test/docs/around`. */
  readonly around: string | null;
  readonly name: string;
}

const FOLDERS = ['workflow', 'tool'];
const typescript = blocks.filter(
  ({ language, words }) => language === 'ts' && !words.has('file') && !words.has('from'),
);
const pieces: Piece[] = typescript
  .filter(({ words, text }) => words.has('in') || text.includes('export default {'))
  .flatMap((block) => piecesOf(block))
  .map((piece, index) => ({ ...piece, name: `${basename(piece.place).replace(/\.md.*/, '')}-${index}` }));

function piecesOf(block: Block): Omit<Piece, 'name'>[] {
  const around = block.words.get('in') ?? null;
  const texts = block.words.has('each') ? block.text.trim().split('\n') : [block.text];
  return texts.map((text) => ({ place: placeOf(block), text, around }));
}

let folder: string;
let types: Promise<Ended>;
const pathOf = ({ around, name }: Piece): string =>
  around !== null && FOLDERS.includes(around) ? `workflows/${name}/workflow.ts` : `pieces/${name}.ts`;
// biome-ignore lint/suspicious/noExplicitAny: what a page's block exports is looked at by each test
const load = (piece: Piece): Promise<any> => import(/* @vite-ignore */ join(folder, pathOf(piece)));

beforeAll(async () => {
  folder = await readerProject();
  await cp(join(ROOT, 'test/docs/around/declared.ts'), join(folder, 'pieces/declared.ts'));
  for (const piece of pieces) await writePiece(piece);
  const workflows = pieces.map(pathOf).filter((path) => path.startsWith('workflows/'));
  await put(
    folder,
    'portreeve.config.ts',
    `export default ${JSON.stringify({
      workflows: workflows.map((path) => path.replace(/\/workflow\.ts$/, '')),
      systems: { ledger: { url: 'https://ledger.example' } },
    })};\n`,
  );
  await put(folder, 'tsconfig.json', JSON.stringify({ ...STRICT, include: ['pieces', 'workflows', '*.ts'] }));
  // It takes seconds, and the other tests go on meanwhile.
  types = start(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder]).ended;
}, 60_000);
afterAll(cleanUp);

const STRICT = {
  compilerOptions: {
    ...{ target: 'ES2024', module: 'nodenext', lib: ['ES2024', 'DOM'], types: ['node'], noEmit: true },
    ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: true },
    ...{ verbatimModuleSyntax: true, isolatedModules: true, allowImportingTsExtensions: true },
  },
};

async function writePiece(piece: Piece): Promise<void> {
  const { around, text } = piece;
  if (around === null) return void (await put(folder, pathOf(piece), text));
  if (!FOLDERS.includes(around)) return void (await put(folder, pathOf(piece), await putAround(`${around}.ts`, text)));
  const workflow = join(folder, pathOf(piece), '..');
  await cp(join(ROOT, 'test/docs/around', around), workflow, { recursive: true });
  await put(folder, pathOf(piece), await putAround(`${around}/workflow.ts`, text));
  if (around === 'workflow') await put(workflow, 'tests/answers/read-invoice.jsonl', testAnswers());
}

/** The line of answers that the page on steps shows, as often as a measure needs it. */
function testAnswers(): string {
  const [shown] = blocks.filter(({ words }) => words.get('in') === 'test-answer');
  return `${JSON.stringify(JSON.parse(shown!.text))}\n`.repeat(20);
}

test('J6: the documentation has pieces of code, and these tests see them', () => {
  expect(pieces.length).toBeGreaterThan(35);
  expect(pieces.filter((piece) => pathOf(piece).startsWith('workflows/')).length).toBeGreaterThan(8);
});

const configs = pieces.filter(({ around }) => around === null || around === 'config' || around === 'endpoint');
test.each(configs)('J6: the configuration at $place is one', async (piece) => {
  const { default: config } = await load(piece);
  expect(projectConfigSchema.safeParse(config).error?.issues ?? []).toEqual([]);
});

test('J6: a project loads with what the documentation says of workflows and tools', async () => {
  const { workflows } = await loadProject(folder);
  const expected = pieces.filter(({ around }) => FOLDERS.includes(around ?? ''));
  expect(workflows.map(({ definition }) => definition.contract.name)).toEqual(expected.map(({ name }) => name));
});

const trials = pieces.filter(({ around }) => around !== null && ['quarantine', 'steps', 'rooms'].includes(around));
test.each(trials)('J6: the statements at $place do what their page says', async (piece) => {
  const {
    default: workflow,
    trial,
    came,
  }: { default: WorkflowDefinition; trial: WorkflowTest; came: unknown } = await load(piece);
  const { asks, acts, result } = await testWorkflow(workflow, trial);
  expect({
    asks: asks.map(({ prompt }) => prompt),
    acts: acts.map(({ tool, args, status }) => [tool, args, status]),
    result,
  }).toEqual(came);
});

test.each(pieces.filter(({ around }) => around === 'prompt'))('J6: the prompt at $place is one', async (piece) => {
  const prompts = join(folder, 'prompts');
  await put(prompts, `${piece.name}.ts`, await readFile(join(folder, pathOf(piece)), 'utf8'));
  const { contract, text } = (await load(piece)).default as DefinedPrompt;
  expect(await loadPrompts(prompts, async (file) => (await import(/* @vite-ignore */ file)).default)).toMatchObject([
    { contract, body: text },
  ]);
});

test('J6: every piece of code is type-checked, in a project around it', { timeout: 120_000 }, async () => {
  expect(await types).toMatchObject({ code: 0, out: '' });
});

const excerpts = blocks.filter(({ words }) => words.has('from'));
test.each(excerpts)('J6: the excerpt at $file stands in its file, in this order', async ({ text, words }) => {
  const whole = flat(await readFile(join(ROOT, words.get('from')!), 'utf8'));
  let at = 0;
  for (const part of text.split(/^\s*\/\/ …$|…/m).map(flat)) {
    const found = whole.indexOf(part, at);
    expect(found, part).toBeGreaterThanOrEqual(0);
    at = found + part.length;
  }
});

const flat = (text: string): string => text.replace(/\s+/g, ' ').trim();

test('J6: nothing stands ready for a block that no page has', async () => {
  const files = await readdir(join(ROOT, 'test/docs/around'));
  const ready = files
    .map((file) => file.replace(/\.\w+$/, ''))
    .filter((name) => !['declared', 'decisions'].includes(name));
  const named = new Set(blocks.map(({ words }) => words.get('in')));
  expect(ready.filter((name) => !named.has(name))).toEqual([]);
});
