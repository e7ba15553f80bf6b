import { resolve } from 'node:path';
import type { Command } from 'commander';
import { EXIT } from '../failure.ts';
import { printable, style } from '../output.ts';
import { explanationLines } from '../render/explanation.ts';
import { faultLines } from '../render/fault.ts';
import { signIn } from '../session.ts';
import type { ProjectOptions } from './check.ts';
import { type ReplayOptions, replay } from './replay.ts';

type Run<O> = (action: (options: O, word: string) => Promise<number>) => (...args: unknown[]) => Promise<void>;
type MatrixOptions = ProjectOptions & { readonly write?: boolean };

export function addPolicy(program: Command, run: Run<never>): void {
  const group = program
    .command('policy')
    .description('the rules: lint, test and review them, explain and try them out');
  const inProject = (command: Command) => command.option('--project <folder>', 'folder with portreeve.config.ts', '.');
  inProject(
    group.command('lint').description('what is wrong with the rules of a project, each with file, line and fix'),
  ).action((run as Run<ProjectOptions>)(lint));
  inProject(group.command('test').description('run the golden decisions of a project')).action(
    (run as Run<ProjectOptions>)(test),
  );
  inProject(group.command('matrix').description('what policy says of each tool, by tier, environment and role'))
    .option('--write', 'put it into policy-matrix.txt, to be reviewed and committed')
    .action((run as Run<MatrixOptions>)(matrix));
  inProject(
    group.command('explain').description('which rules decided on a proposal, and which attribute would change it'),
  )
    .argument('<proposal>', 'the id of a proposal, or a JSON file with a request (judged here, without a server)')
    .action((run as Run<ProjectOptions>)(explain));
  inProject(
    group.command('replay').description('judge recorded decisions anew by a candidate: exit 1 where one would change'),
  )
    .argument('<candidate>', 'a folder of policy files, or a project')
    .option('--since <time>', 'from then on: 30d, 12h, 90m, or a time such as 2026-11-01T00:00:00Z (default: all)')
    .action((run as Run<ReplayOptions>)(replay));
}

async function lint(options: ProjectOptions): Promise<number> {
  const { lintFolder } = await import('@portreeve/server');
  const faults = await lintFolder(resolve(options.project));
  const ok = !faults.some(({ severity }) => severity === 'error');
  if (options.json) console.log(JSON.stringify({ ok, faults }));
  else if (faults.length === 0) console.log(`${style('green', '✓')} nothing to find`);
  else for (const line of faults.flatMap(faultLines)) console.log(line);
  return ok ? EXIT.done : EXIT.failed;
}

async function test(options: ProjectOptions): Promise<number> {
  const { testFolder } = await import('@portreeve/server');
  const files = await testFolder(resolve(options.project));
  const results = files.flatMap(({ results }) => results);
  const failed = results.filter(({ ok }) => !ok).length;
  if (options.json) console.log(JSON.stringify({ ok: failed === 0, total: results.length, failed, files }));
  else {
    for (const { file, results } of files) {
      console.log(printable(file));
      for (const { name, ok, differences } of results) {
        console.log(`  ${ok ? style('green', '✓') : style('red', '✗')} ${printable(name)}`);
        for (const difference of differences) console.log(`      ${printable(difference)}`);
      }
    }
    console.log(
      results.length === 0 ? 'There are no golden decisions.' : `${results.length - failed} of ${results.length} hold`,
    );
  }
  return failed === 0 ? EXIT.done : EXIT.failed;
}

async function matrix(options: MatrixOptions): Promise<number> {
  const { matrixOfFolder } = await import('@portreeve/server');
  const { text, file, fault } = await matrixOfFolder(resolve(options.project), { write: options.write === true });
  if (options.json) console.log(JSON.stringify({ file, current: fault === null, text }));
  else if (options.write) console.log(`${style('green', '✓')} ${file}`);
  else process.stdout.write(text);
  return EXIT.done;
}

async function explain(options: ProjectOptions, proposal: string): Promise<number> {
  const found = /^prop_[a-z0-9_-]+$/.test(proposal)
    ? await (await signIn(options, 'approver')).client.call('GET', `/v1/proposals/${proposal}/explanation`)
    : await (await import('@portreeve/server')).explainFile(resolve(options.project), resolve(proposal));
  if (options.json) console.log(JSON.stringify(found));
  else for (const line of explanationLines(found)) console.log(line);
  return EXIT.done;
}
