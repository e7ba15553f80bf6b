import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PortreeveError } from '@portreeve/contract';
import { z } from 'zod';
import type { CaseResult } from './run-case.ts';

export interface CodeResult extends CaseResult {
  readonly file: string;
}

const TIME_MS = 600_000;
const OUTPUT_MAX = 16 * 1024 * 1024;

/**
 * Runs `*.test.ts` files in processes of their own: with vitest those that import it, where the project has it, and the
 * others with Node's own runner. A file that gives no result fails.
 */
export async function runCodeTests(project: string, files: readonly string[]): Promise<CodeResult[]> {
  if (files.length === 0) return [];
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  const wantsVitest = files.filter((_, index) => /from\s+['"]vitest['"]/.test(texts[index]!));
  const others = files.filter((file) => !wantsVitest.includes(file));
  const found = [
    ...(wantsVitest.length > 0 ? await byVitest(project, wantsVitest) : []),
    ...(others.length > 0 ? await byNode(project, others) : []),
  ];
  const silent = files.filter((file) => !found.some((each) => each.file === file));
  return [...found, ...silent.map((file) => broken(file, 'it gave no result: it has no test, or could not be loaded'))];
}

const broken = (file: string, why: string): CodeResult => ({
  ...{ file, name: 'the file', ok: false, differences: [why] },
});

const vitestReport = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().default(''),
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()).nullish() }),
      ),
    }),
  ),
});

async function byVitest(project: string, files: readonly string[]): Promise<CodeResult[]> {
  const bin = vitestOf(project);
  if (bin === null)
    return files.map((file) =>
      broken(file, 'it imports vitest, which this project does not have: npm install -D vitest'),
    );
  const folder = await mkdtemp(join(tmpdir(), 'portreeve-test-'));
  try {
    const out = join(folder, 'report.json');
    const { said } = await start(project, [
      bin,
      'run',
      '--root',
      project,
      '--reporter=json',
      `--outputFile=${out}`,
      ...files,
    ]);
    if (!existsSync(out)) return files.map((file) => broken(file, `vitest did not run: ${said.slice(-500)}`));
    const report = vitestReport.parse(JSON.parse(await readFile(out, 'utf8')));
    return report.testResults.flatMap(({ name: file, status, message, assertionResults }): CodeResult[] => {
      if (assertionResults.length === 0) return status === 'passed' ? [] : [broken(file, firstLine(message))];
      return assertionResults
        .filter((each) => each.status === 'passed' || each.status === 'failed')
        .map((each) => ({
          ...{ file, name: each.fullName, ok: each.status === 'passed' },
          differences: (each.failureMessages ?? []).map(firstLine),
        }));
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The vitest that the project has, its own or one of a folder above. */
function vitestOf(project: string): string | null {
  for (let at = project; ; at = dirname(at)) {
    const bin = join(at, 'node_modules', 'vitest', 'vitest.mjs');
    if (existsSync(bin)) return bin;
    if (dirname(at) === at) return null;
  }
}

const nodeLine = z.object({
  name: z.string(),
  file: z.string().nullable(),
  ok: z.boolean(),
  skipped: z.boolean(),
  message: z.string().nullable(),
});
const REPORTER = fileURLToPath(new URL('./json-reporter.mjs', import.meta.url));

async function byNode(project: string, files: readonly string[]): Promise<CodeResult[]> {
  const { out } = await start(project, ['--test', `--test-reporter=${REPORTER}`, ...files]);
  return out
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => nodeLine.parse(JSON.parse(line)))
    .filter(({ skipped }) => !skipped)
    .map(({ name, file, ok, message }) => ({
      ...{ file: file ?? '', name, ok },
      differences: ok ? [] : [firstLine(message ?? 'it failed')],
    }));
}

const firstLine = (text: string): string => (text.split('\n')[0] ?? '').slice(0, 500);

/** Runs Node with these arguments, and nothing of a test run that this one may be part of. */
function start(cwd: string, args: readonly string[]): Promise<{ readonly out: string; readonly said: string }> {
  const { NODE_TEST_CONTEXT: _context, NODE_OPTIONS: _options, VITEST: _vitest, ...env } = process.env;
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [...args], {
      ...{ cwd, timeout: TIME_MS, killSignal: 'SIGKILL' },
      env: { ...env, NO_COLOR: '1', CI: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let said = '';
    const keep = (more: Buffer) => {
      if (said.length + more.length > OUTPUT_MAX) child.kill('SIGKILL');
      else said += more.toString('utf8');
    };
    child.stdout.on('data', (more: Buffer) => {
      if (out.length < OUTPUT_MAX) out += more.toString('utf8');
      keep(more);
    });
    child.stderr.on('data', keep);
    child.on('error', (cause) => fail(new PortreeveError('internal', 'The tests could not be started.', { cause })));
    child.on('close', () => done({ out, said }));
  });
}
