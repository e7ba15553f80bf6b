import { resolve } from 'node:path';
import { ENVIRONMENTS, type EnvironmentName } from '@portreeve/contract';
import type { CheckReport } from '@portreeve/server';
import { type Command, Option } from 'commander';
import { EXIT } from '../failure.ts';
import { printable, short, style } from '../output.ts';
import { faultLines } from '../render/fault.ts';
import { type GlobalOptions, signIn } from '../session.ts';

export interface ProjectOptions extends GlobalOptions {
  readonly project: string;
}

interface CheckCommandOptions extends ProjectOptions {
  readonly for?: EnvironmentName;
  readonly report?: readonly string[];
  readonly live?: boolean;
}

export function addCheck(
  program: Command,
  run: (action: (options: CheckCommandOptions) => Promise<number>) => (...args: unknown[]) => Promise<void>,
): void {
  program
    .command('check')
    .description('whether the project here is sound, without starting it, and what each workflow lacks to go live')
    .option('--project <folder>', 'folder with portreeve.config.ts', '.')
    .addOption(
      new Option('--for <environment>', 'whether it is ready for it (default: that of the configuration)').choices([
        ...ENVIRONMENTS,
      ]),
    )
    .option(
      '--report <file>',
      'a report on a release, besides those of the state folder; may be given several times',
      (file: string, before: readonly string[] = []) => [...before, file],
    )
    .option('--live', 'what runs in the house that --server or --state names, too: the releases in production')
    .action(run(check));
}

async function check(options: CheckCommandOptions): Promise<number> {
  const { checkProject, readReport, readReports } = await import('@portreeve/server');
  const given = await Promise.all((options.report ?? []).map((file) => readReport(resolve(file))));
  const report = await checkProject(resolve(options.project), {
    environment: options.for,
    reports: [...given, ...(await readReports(resolve(options.state)))],
  });
  const live = options.live ? await liveReadiness(options) : [];
  if (options.json) console.log(JSON.stringify(options.live ? { ...report, live } : report));
  else {
    print(report);
    for (const each of live) printReadiness(each, `, as ${short(each.release)} runs`);
  }
  return report.ok && live.every(({ ready }) => ready) ? EXIT.done : EXIT.failed;
}

type Readiness = CheckReport['readiness'][number];

/** Of each workflow that a running house has, as it runs there: the release in production where there is one. */
async function liveReadiness(options: GlobalOptions): Promise<Readiness[]> {
  const { client } = await signIn(options, 'operator');
  const { workflows } = await client.call('GET', '/v1/workflows');
  const live: Readiness[] = [];
  for (const { name } of workflows)
    live.push(await client.call('GET', `/v1/workflows/${encodeURIComponent(name)}/readiness`));
  return live;
}

const MARKS = { ok: style('green', '✓'), failed: style('red', '✗'), skipped: style('dim', '-') } as const;

const STATES = {
  pass: style('green', '✓'),
  fail: style('red', '✗'),
  not_applicable: style('dim', '-'),
} as const;

function printReadiness({ workflow, environment, ready, items }: Readiness, where = ''): void {
  const missing = items.filter(({ state }) => state === 'fail').length;
  const verdict = ready ? style('green', 'ready') : `${missing} of ${items.length} are missing`;
  console.log(`\n${style('bold', printable(workflow))}, for ${environment}${where}: ${verdict}`);
  for (const { id, requirement, state, reason, fix } of items) {
    console.log(`${STATES[state]} ${id.padEnd(18)} ${requirement.padEnd(4)} ${printable(reason)}`);
    if (fix)
      console.log(`    ${style('cyan', 'fix')} ${fix.file === null ? '' : `${fix.file}: `}${printable(fix.write)}`);
  }
}

function print({ checks, readiness }: CheckReport): void {
  for (const { name, state, detail, faults } of checks) {
    const said = state === 'skipped' ? 'not looked at' : printable(detail);
    console.log(`${MARKS[state]} ${name.padEnd(10)} ${said}`.trimEnd());
    for (const line of faults.flatMap(faultLines)) console.log(`    ${line}`);
  }
  for (const each of readiness) printReadiness(each);
}
