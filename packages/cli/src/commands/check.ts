import { resolve } from 'node:path';
import type { CheckReport } from '@portreeve/server';
import type { Command } from 'commander';
import { EXIT } from '../failure.ts';
import { printable, style } from '../output.ts';
import { faultLines } from '../render/fault.ts';
import type { GlobalOptions } from '../session.ts';

export interface ProjectOptions extends GlobalOptions {
  readonly project: string;
}

export function addCheck(
  program: Command,
  run: (action: (options: ProjectOptions) => Promise<number>) => (...args: unknown[]) => Promise<void>,
): void {
  program
    .command('check')
    .description('whether the project here is sound, without starting it: scopes, policies, tiers, decisions, matrix')
    .option('--project <folder>', 'folder with portreeve.config.ts', '.')
    .action(run(check));
}

async function check(options: ProjectOptions): Promise<number> {
  const { checkProject } = await import('@portreeve/server');
  const report = await checkProject(resolve(options.project));
  if (options.json) console.log(JSON.stringify(report));
  else print(report);
  return report.ok ? EXIT.done : EXIT.failed;
}

const MARKS = { ok: style('green', '✓'), failed: style('red', '✗'), skipped: style('dim', '-') } as const;

function print({ checks }: CheckReport): void {
  for (const { name, state, detail, faults } of checks) {
    const said = state === 'skipped' ? 'not looked at' : printable(detail);
    console.log(`${MARKS[state]} ${name.padEnd(10)} ${said}`.trimEnd());
    for (const line of faults.flatMap(faultLines)) console.log(`    ${line}`);
  }
}
