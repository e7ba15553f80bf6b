import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { TestedWorkflow } from '@portreeve/server/workflow-tests';
import type { Command } from 'commander';
import { EXIT, UsageError } from '../failure.ts';
import { printable, style } from '../output.ts';
import { withProgress } from '../progress.ts';
import type { ProjectOptions } from './check.ts';

interface TestCommandOptions extends ProjectOptions {
  readonly declared?: boolean;
  readonly junit?: string;
  readonly report?: string | true;
}

export function addTest(
  program: Command,
  run: (
    action: (options: TestCommandOptions, workflow: string | undefined) => Promise<number>,
  ) => (...args: unknown[]) => Promise<void>,
): void {
  program
    .command('test')
    .description('run the tests of workflows in memory: declared cases, golden decisions, and test files')
    .argument('[workflow]', 'one of the project (default: all)')
    .option('--project <folder>', 'folder with portreeve.config.ts', '.')
    .option('--declared', 'declared cases and golden decisions alone, without *.test.ts')
    .option('--junit <file>', 'write JUnit XML')
    .option(
      '--report [file]',
      'write the report on the release, for readiness and promotion (default: into the state folder)',
    )
    .action(run(test));
}

async function test(options: TestCommandOptions, workflow: string | undefined): Promise<number> {
  const { junitOf, runWorkflowTests } = await import('@portreeve/server/workflow-tests');
  const tested = await withProgress(options, 'testing', () =>
    runWorkflowTests(resolve(options.project), { workflow, declaredOnly: options.declared === true }),
  );
  const reports = tested.map(({ report }) => report);
  if (options.junit !== undefined) await write(resolve(options.junit), junitOf(reports));
  const written = options.report === undefined ? [] : await writeReports(options, tested);
  const ok = reports.every((each) => each.ok);
  if (options.json) console.log(JSON.stringify({ ok, reports, written }));
  else print(tested, written);
  return ok ? EXIT.done : EXIT.failed;
}

async function writeReports(options: TestCommandOptions, tested: readonly TestedWorkflow[]): Promise<string[]> {
  if (typeof options.report === 'string' && tested.length > 1)
    throw new UsageError('One file holds the report on one workflow: name the workflow, or give --report no file.');
  return Promise.all(
    tested.map(async ({ report }) => {
      const { workflow, kind, release } = report;
      const name = `${workflow}-${kind}-${release.slice('sha256:'.length, 'sha256:'.length + 12)}.json`;
      const file =
        typeof options.report === 'string' ? resolve(options.report) : join(resolve(options.state), 'reports', name);
      await write(file, `${JSON.stringify(report, null, 2)}\n`);
      return file;
    }),
  );
}

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

function print(tested: readonly TestedWorkflow[], written: readonly string[]): void {
  for (const { report, took_ms } of tested) {
    console.log(`${style('bold', report.workflow)} ${report.release}`);
    for (const [group, cases] of Map.groupBy(report.cases, (each) => each.group)) {
      const failed = cases.filter(({ ok }) => !ok);
      const mark = failed.length === 0 ? style('green', '✓') : style('red', '✗');
      console.log(`  ${mark} ${printable(group)}: ${cases.length - failed.length} of ${cases.length}`);
      for (const { name, detail } of failed) {
        console.log(`      ${style('red', printable(name))}`);
        if (detail !== null) console.log(`        ${printable(detail)}`);
      }
    }
    const { cases, failed } = report.figures;
    if (cases === 0) console.log(`  ${style('red', '✗')} there is no test: write some into tests/*.test.yaml`);
    console.log(`  ${Number(cases) - Number(failed)} passed, ${failed} failed, ${took_ms} ms`);
  }
  for (const file of written) console.log(`report: ${file}`);
}
