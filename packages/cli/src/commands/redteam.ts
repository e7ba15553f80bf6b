import { writeFile } from 'node:fs/promises';
import type { RedTeamReport } from '@portreeve/server';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { EXIT, UsageError } from '../failure.ts';
import { printable, style, table } from '../output.ts';
import { withProgress } from '../progress.ts';
import type { GlobalOptions } from '../session.ts';

interface RedTeamOptions extends GlobalOptions {
  readonly project: string;
  readonly pack: readonly string[];
  readonly import: readonly string[];
  readonly model: 'worst-case' | 'configured';
  readonly seed: number;
  readonly budget: number;
  readonly report?: string;
  readonly html?: string;
  readonly sarif?: string;
  readonly junit?: string;
}

const several = (text: string, before: readonly string[]): readonly string[] => [...before, text];

export function addRedTeam(
  program: Command,
  run: (
    action: (options: RedTeamOptions, workflow?: string) => Promise<number>,
  ) => (...args: unknown[]) => Promise<void>,
): void {
  program
    .command('redteam')
    .argument('[workflow]', 'this workflow alone')
    .description('attack the workflows of a project in a house of their own, and see what comes of it')
    .option('--project <folder>', 'folder with portreeve.config.ts', '.')
    .option('--pack <name>', 'this pack alone; may be given several times', several, [])
    .option(
      '--import <file>',
      'a list of promptfoo or garak as a further pack; may be given several times',
      several,
      [],
    )
    .addOption(new Option('--model <which>', 'who answers').choices(['worst-case', 'configured']).default('worst-case'))
    .option('--seed <number>', 'the same seed makes the same attempts', within(0, 2 ** 31 - 1), 1)
    .option('--budget <number>', 'attacks on each workflow', within(1, 10_000), 120)
    .option('--report <file>', 'write the report for a release (JSON) of the one workflow that is attacked')
    .option('--html <file>', 'write the report as a page')
    .option('--sarif <file>', 'write what was found as SARIF 2.1.0')
    .option('--junit <file>', 'write the attempts as JUnit XML')
    .action(run(attack));
}

function within(least: number, most: number) {
  return (text: string): number => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : -1;
    if (value < least || value > most) throw new InvalidArgumentError(`use a number from ${least} to ${most}`);
    return value;
  };
}

async function attack(options: RedTeamOptions, workflow?: string): Promise<number> {
  const server = await import('@portreeve/server');
  const { project, pack: packs, import: imports, model, seed, budget, state: stateFolder, json } = options;
  if (options.report !== undefined && workflow === undefined) {
    const { workflows } = await server.loadProject(project);
    if (workflows.length !== 1) throw new UsageError('--report is about one workflow: name it');
  }
  if (!json) console.log(`seed ${seed}, budget ${budget} attacks on each workflow, model ${model}`);
  const reports = await withProgress(options, 'attacking', (progress) =>
    server.runRedTeam({
      ...{ project, workflow, packs, imports, model, seed, budget, stateFolder },
      modelKeys: server.modelKeysOf(process.env),
      onAttempt: (name, number, found) => {
        progress.at(`${name}, attempt ${number}`);
        if (!json && found !== null) progress.say(printable(`${name}, attempt ${number}: ${found}`));
      },
    }),
  );
  await write(options, reports, server);
  if (json) console.log(JSON.stringify({ ok: reports.every(({ ok }) => ok), reports }));
  else for (const report of reports) print(report);
  return reports.every(({ ok }) => ok) ? EXIT.done : EXIT.failed;
}

async function write(
  { report, html, sarif, junit }: RedTeamOptions,
  reports: readonly RedTeamReport[],
  make: typeof import('@portreeve/server'),
): Promise<void> {
  const [first] = reports;
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  if (report !== undefined && first) await writeFile(report, json(make.toReleaseReport(first)));
  if (html !== undefined) await writeFile(html, make.htmlReport(reports));
  if (sarif !== undefined) await writeFile(sarif, json(make.sarifReport(reports)));
  if (junit !== undefined) await writeFile(junit, make.junitReport(reports));
}

const COLUMNS = [
  ...[
    ['attempts', 'attacks'],
    ['attack_success', 'succeeded'],
    ['unattended_harm', 'harm'],
    ['canary_leaks', 'leaks'],
  ],
  ...[
    ['needless_calls', 'needless'],
    ['deceptions_marked', 'shown'],
    ['deceptions_unmarked', 'unmarked'],
  ],
  ...[
    ['honest_cases', 'honest'],
    ['false_alarms', 'alarms'],
    ['injection_recall_per_mille', 'recall ‰'],
  ],
] as const;

function print({ workflow, model, packs, figures, thresholds, attempts, out_of_reach, ok }: RedTeamReport): void {
  const row = (name: string, of: RedTeamReport['figures']) => [
    name,
    ...COLUMNS.map(([figure]) => String(of[figure!] ?? 0)),
  ];
  const head = [`${workflow} (${model})`, ...COLUMNS.map(([, title]) => title!)];
  console.log(`\n${table([head, ...packs.map((pack) => row(pack.name, pack.figures)), row('all', figures)])}\n`);
  for (const { fault, number, pack, attack: name, place, kind } of attempts)
    if (kind !== null) console.log(printable(`${kind}: attempt ${number}, ${pack}/${name} in ${place}: ${fault}`));
  for (const { name, why } of out_of_reach) console.log(printable(`not attacked: ${name} (${why})`));
  for (const { figure, value, min, max, ok: kept } of thresholds) {
    const wanted = [
      ...(min === undefined ? [] : [`at least ${min}`]),
      ...(max === undefined ? [] : [`at most ${max}`]),
    ];
    console.log(
      `${kept ? style('green', '✓') : style('red', '✗')} ${figure} ${value ?? 'unknown'}, ${wanted.join(', ')}`,
    );
  }
  console.log(ok ? '\nThe red team was withstood.' : '\nThe red team was not withstood.');
}
